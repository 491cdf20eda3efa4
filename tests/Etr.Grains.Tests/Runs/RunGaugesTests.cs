using System.Diagnostics.Metrics;
using Etr.Grains.Groups;
using Etr.Grains.Metrics;
using Etr.Grains.Tests.Diagnosis;

namespace Etr.Grains.Tests.Runs;

public sealed class RunGaugesTests : IDisposable
{
    private readonly Meter _meter = new("RunGaugesTests");
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, double> _told = [];
    private readonly RunGauges _gauges;

    public RunGaugesTests()
    {
        _listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter == _meter)
                self.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) =>
            _told[$"{instrument.Name} {string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))}"] = value);
        _listener.Start();
        _gauges = new RunGauges(_meter);
    }

    [Fact]
    public void Each_run_is_told_by_itself()
    {
        var (a, b) = (new Run("a"), new Run("b"));
        Commit(a, accuracy: 0.25);
        Commit(b, accuracy: 0.75);
        Find(a, "long-wait");
        Find(b);

        Observe();

        Assert.Equal((0.25, 0.75), (_told["etr.accuracy run=a"], _told["etr.accuracy run=b"]));
        Assert.Equal((1, 0), (_told["etr.diagnosis run=a rule=long-wait"], _told["etr.diagnosis run=b rule=long-wait"]));
    }

    [Fact]
    public void A_run_that_runs_no_longer_is_told_no_longer_and_takes_nothing_of_the_others_along()
    {
        var (a, b) = (new Run("a"), new Run("b"));
        Commit(a, accuracy: 0.25);
        Commit(b, accuracy: 0.75);
        Find(a, "long-wait");
        Find(b, "long-wait");
        b.IsRunning = false;
        Find(b);

        Observe();

        Assert.DoesNotContain(_told.Keys, name => name.Contains("run=b", StringComparison.Ordinal));
        Assert.Equal(1, _told["etr.diagnosis run=a rule=long-wait"]);

        // Paused and resumed: what it was before is not what it is now.
        b.IsRunning = true;
        Find(b);
        Observe();
        Assert.Contains("etr.diagnosis run=b rule=stale", _told.Keys);
        Assert.DoesNotContain("etr.accuracy run=b", _told.Keys);
    }

    [Fact]
    public void So_many_runs_are_told_at_once_and_a_further_one_once_one_of_them_has_ended()
    {
        Run[] runs = [.. Enumerable.Range(0, RunGauges.MostRuns + 1).Select(run => new Run($"r{run}"))];
        foreach (Run run in runs.Concat(runs))
            Commit(run, accuracy: 0.5);
        Observe();
        Assert.Equal(RunGauges.MostRuns, _told.Keys.Count(name => name.StartsWith("etr.accuracy ", StringComparison.Ordinal)));
        Assert.DoesNotContain("etr.accuracy run=r64", _told.Keys);

        runs[3].IsRunning = false;
        Commit(runs[^1], accuracy: 0.5);
        Observe();
        Assert.Contains("etr.accuracy run=r64", _told.Keys);
        Assert.DoesNotContain("etr.accuracy run=r3", _told.Keys);
    }

    [Fact]
    public void What_is_no_number_or_not_known_yet_is_not_told()
    {
        var run = new Run("a");
        _gauges.Tell(run, figures => figures with { Groups = new Dictionary<GroupPhase, int> { [GroupPhase.Sealed] = 3 } });
        Observe();
        Assert.Equal(["etr.groups run=a state=rolling", "etr.groups run=a state=sealed"], _told.Keys.Order());

        _gauges.Tell(run, figures => figures with { Step = Views.Step(1) with { Trend = double.NaN } });
        Observe();
        Assert.Equal(0.6, _told["etr.accuracy run=a"]);
        Assert.DoesNotContain("etr.trend run=a", _told.Keys);
        Assert.DoesNotContain("etr.trend_length_correlation run=a", _told.Keys);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }

    private void Commit(Run run, double accuracy) => _gauges.Tell(run, figures => figures with { Step = Views.Step(1) with { Accuracy = accuracy } });

    private void Find(Run run, params string[] rules) => _gauges.Tell(run, figures => figures with { Findings = rules.ToHashSet() });

    private void Observe()
    {
        _told.Clear();
        _listener.RecordObservableInstruments();
    }

    private sealed class Run(string name) : IMeasuredRun
    {
        public string Name => name;

        public bool IsRunning { get; set; } = true;
    }
}
