using System.Globalization;
using Etr.Dashboard.Charts;
using Etr.Dashboard.History;
using Etr.Dashboard.Reading;
using Etr.Grains.Runs;
using Microsoft.AspNetCore.Components;

namespace Etr.Dashboard.Runs;

/// <summary>All runs, and some of them over one another.</summary>
public sealed partial class RunsPage : RunPage
{
    private const int MostCompared = 6;
    private const int MostRows = 100;
    private const int MostAsked = 8;
    private const int TableRows = 10;

    private static readonly string[] Tones = ["falling", "rising", "right", "fourth", "neutral", "text"];
    private static readonly (string Metric, string Title)[] Overlaid =
        [("accuracy", "Accuracy"), ("length", "Chain length"), ("reward", "Reward"), ("entropy", "Step entropy"), ("trend", "Trend R"), ("r-length", "r(R, length)")];

    private readonly Dictionary<string, RunStatus> _statuses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _configurations = new(StringComparer.Ordinal);
    private readonly CompareSource _source = new();
    private IReadOnlyList<RunEntry> _entries = [];
    private IReadOnlyList<RunLine> _lines = [];
    private IReadOnlyList<string> _compared = [];
    private IReadOnlyList<ChartSpec> _specs = [];
    private IReadOnlyList<SettingRow> _settings = [];
    private IReadOnlyList<(string, string)> _columns = [];
    private IReadOnlyList<(string, IReadOnlyList<string>)> _rows = [];
    private string _chartKey = "";

    /// <summary>The runs that are laid over this one, separated by commas.</summary>
    [SupplyParameterFromQuery]
    public string? With { get; set; }

    /// <summary>newest, name, accuracy or length.</summary>
    [SupplyParameterFromQuery]
    public string? Sort { get; set; }

    /// <summary>What a run's name must contain.</summary>
    [SupplyParameterFromQuery]
    public string? Find { get; set; }

    /// <summary>The part of training in view.</summary>
    [SupplyParameterFromQuery]
    public string? Zoom { get; set; }

    /// <summary><c>1</c> shows settings that are equal too.</summary>
    [SupplyParameterFromQuery]
    public string? All { get; set; }

    /// <summary><c>table</c> for a table in place of the charts.</summary>
    [SupplyParameterFromQuery]
    public string? View { get; set; }

    private bool AsTable => View == "table";

    /// <inheritdoc/>
    protected override async Task OnParametersSetAsync()
    {
        await base.OnParametersSetAsync();
        var compared = (With ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).Prepend(Run).Distinct().Take(MostCompared).ToArray();
        var others = !compared.SequenceEqual(_compared);
        _compared = compared;
        Arrange();
        if (others && HasRead)
            await RestartAsync();
    }

    /// <inheritdoc/>
    protected override async Task ReadAsync(CancellationToken cancellationToken)
    {
        await base.ReadAsync(cancellationToken);
        _entries = await Reader.ListRunsAsync(cancellationToken);
        _statuses[Run] = Status!;
        await AskAsync(cancellationToken);

        var compared = _compared;
        var histories = new List<RunHistory>();
        foreach (var run in compared)
        {
            if (!_statuses.TryGetValue(run, out var status))
                _statuses[run] = status = await Reader.GetRunAsync(run, cancellationToken);
            histories.Add(await Histories.UpdateAsync(run, status.Step, cancellationToken));
            if (!_configurations.ContainsKey(run) && status.State != RunState.Unknown)
                _configurations[run] = (await Reader.GetStartAsync(run, cancellationToken)).ConfigurationJson;
        }

        _source.Runs = histories;
        Arrange();
    }

    /// <summary>Runs that go on are asked each time, some of the others until each was asked once.</summary>
    private async Task AskAsync(CancellationToken cancellationToken)
    {
        var due = _entries.Take(MostRows).Where(entry => entry.Run != Run && (!_statuses.TryGetValue(entry.Run, out var known) || known.State == RunState.Running)).Take(MostAsked).ToArray();
        var answers = await Task.WhenAll(due.Select(entry => StatusAsync(entry.Run, cancellationToken)));
        foreach (var (entry, status) in due.Zip(answers))
        {
            if (status is not null)
                _statuses[entry.Run] = status;
        }
    }

    private async Task<RunStatus?> StatusAsync(string run, CancellationToken cancellationToken)
    {
        try
        {
            return await Reader.GetRunAsync(run, cancellationToken);
        }
        catch (TimeoutException)
        {
            return null;
        }
    }

    private void Arrange()
    {
        IEnumerable<RunLine> lines = _entries.Where(entry => string.IsNullOrEmpty(Find) || entry.Run.Contains(Find, StringComparison.OrdinalIgnoreCase))
            .Select(entry => new RunLine(entry, _statuses.GetValueOrDefault(entry.Run)));
        _lines = Sort switch
        {
            "name" => [.. lines.OrderBy(line => line.Entry.Run, StringComparer.Ordinal)],
            "accuracy" => [.. lines.OrderByDescending(line => line.Last?.Accuracy ?? double.NegativeInfinity)],
            "length" => [.. lines.OrderBy(line => line.Last?.Length ?? double.PositiveInfinity)],
            _ => [.. lines],
        };
        _specs =
        [
            .. Overlaid.Select(chart => new ChartSpec(chart.Metric, chart.Title, StepMetrics.All.Single(metric => metric.Key == chart.Metric).Unit,
                [.. _compared.Select((run, i) => new ChartSeries(CompareSource.Column(i, chart.Metric), run, Tones[i]))])),
        ];
        _chartKey = string.Join('\n', _compared);
        _settings = ConfigurationDiff.Of([.. _compared.Select(run => _configurations.GetValueOrDefault(run, "{}"))]);
        if (AsTable)
            Tabulate();
    }

    private void Tabulate()
    {
        _columns = [.. Overlaid.Select(chart => (chart.Title, StepMetrics.All.Single(metric => metric.Key == chart.Metric).Unit)).Prepend(("Run", ""))];
        var rows = new List<(string, IReadOnlyList<string>)>();
        var longest = _source.Runs.Select(run => run.LastStep).DefaultIfEmpty(0).Max();
        foreach (var run in _source.Runs)
        {
            lock (run)
            {
                var wanted = Enumerable.Range(1, TableRows).Select(i => longest * i / TableRows).Append(run.LastStep).ToArray();
                foreach (var point in run.Points.Where(point => wanted.Any(step => step >= point.First && step <= point.Last)))
                {
                    var values = Overlaid.Select(chart => run.IndexOf(chart.Metric)).Select(index => run.Metrics[index].Format(point.Mean[index]));
                    rows.Add((point.Last.ToString(CultureInfo.InvariantCulture), [Shell.Visible.Text(run.Run), .. values]));
                }
            }
        }

        _rows = rows;
    }

    private void Compare(string run, bool compared)
    {
        var others = _compared.Where(other => other != Run && other != run).Concat(compared ? [run] : []).Select(Uri.EscapeDataString).ToArray();
        Go("with", others.Length == 0 ? null : string.Join(',', others));
    }

    private static string Export(string run, string format) => $"/runs/{Uri.EscapeDataString(run)}/export/steps.{format}";
}
