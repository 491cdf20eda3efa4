using System.Globalization;
using Etr.Dashboard.Charts;
using Etr.Dashboard.History;

namespace Etr.Dashboard.Training;

/// <summary>The figures of charts as a table has them: the newest rows of the part in view, newest first.</summary>
/// <param name="Columns">Names and units.</param>
/// <param name="Rows">Steps and figures.</param>
/// <param name="Told">What part of training it is, in words.</param>
internal sealed record HistoryTable(
    IReadOnlyList<(string Name, string Unit)> Columns,
    IReadOnlyList<(string Steps, IReadOnlyList<string> Values)> Rows,
    string Told)
{
    private const int MostRows = 100;

    /// <summary>A table that says nothing.</summary>
    public static HistoryTable Empty { get; } = new([], [], "No step has been committed yet.");

    /// <summary>Reads the table of some charts.</summary>
    public static HistoryTable Of(RunHistory history, IReadOnlyList<ChartSpec> charts, string zoom) => Of(new ZoomedHistory(history), charts, zoom);

    /// <summary>Reads the table of some charts.</summary>
    public static HistoryTable Of(ZoomedHistory zoomed, IReadOnlyList<ChartSpec> charts, string zoom)
    {
        var history = zoomed.History;
        lock (history)
        {
            var (from, to) = ChartZoom.Of(zoom, history.LastStep);
            int[] indices = [.. ChartSpec.ColumnsOf(charts).Select(history.IndexOf).Where(index => index >= 0)];
            StepPoint[] rows = [.. zoomed.Points.Where(point => point.Last >= from && point.First <= to)];
            return new HistoryTable(
                [.. indices.Select(index => (history.Metrics[index].Name, history.Metrics[index].Unit))],
                [.. rows.Reverse().Take(MostRows).Select(row => (StepsOf(row), (IReadOnlyList<string>)[.. indices.Select(index => TextOf(history.Metrics[index], row, index))]))],
                string.Create(CultureInfo.InvariantCulture, $"The newest {Math.Min(MostRows, rows.Length)} of {rows.Length} rows in view, newest first. Everything: the export of the run as CSV or JSONL."));
        }
    }

    private static string StepsOf(StepPoint row) => row.Count == 1
        ? row.Last.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{row.First}–{row.Last}");

    // A stretch says its extremes too: they are what a mean hides.
    private static string TextOf(StepMetric metric, StepPoint row, int index) => row.Count == 1 || float.IsNaN(row.Mean[index])
        ? metric.Format(row.Mean[index])
        : $"{metric.Format(row.Mean[index])} ({metric.Format(row.Low[index])} to {metric.Format(row.High[index])})";
}
