using System.Diagnostics.Metrics;
using Etr.Grains.Diagnosis;
using Etr.Grains.Groups;
using Etr.Grains.Runs;

namespace Etr.Grains.Metrics;

/// <summary>
/// The gauges of the runs of a silo, each with the tag <c>run</c>. They are observed: a run that has ended, pauses or has moved away is told no
/// longer, where a value once recorded would be told until the process ends.
/// </summary>
internal sealed class RunGauges
{
    /// <summary>Runs that are told at once. A further one is told when one of these has ended: were it to push one out, that one would push back.</summary>
    public const int MostRuns = 64;

    private readonly Meter _meter;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (IMeasuredRun Run, RunFigures Figures)> _runs = new(StringComparer.Ordinal);

    public RunGauges(Meter meter)
    {
        _meter = meter;
        Gauge("etr.groups", "{group}", "Open groups by phase.", run => OfGroups(run.Groups));
        OfStep("etr.learner.step", "{step}", "Last committed step.", step => step.Step);
        OfStep("etr.reward", "{reward}", "Mean reward of the last step's traces.", step => step.Reward);
        OfStep("etr.accuracy", "1", "Share of right traces in the last step.", step => step.Accuracy);
        OfStep("etr.length", "{token}", "Mean tokens a trace in the last step.", step => step.Length);
        OfStep("etr.trend", "{nat}", "Mean trend R of the last step's traces.", step => step.Trend);
        Gauge("etr.trend_length_correlation", "1", "r(R, length) among right traces, within groups, in the last step.", run => [new Told(run.Correlation)]);
        Gauge("etr.step_entropy", "{nat}", "Mean entropy of reasoning steps in the last step, and of first ones.", run => run.Step is { } step
            ? [new Told(step.StepEntropy, "steps", "all"), new Told(step.FirstStepEntropy, "steps", "first")]
            : []);
        OfStep("etr.truncated", "1", "Share of truncated traces in the last step.", step => step.Truncated);
        OfStep("etr.sampler_gap", "{nat}", "Mean |learner - sampler| log-probability in the last step.", step => step.SamplerGap);
        Gauge("etr.staleness", "{version}", "Age of the tokens of the last step, mean and maximum.", run => run.Step is { } step
            ? [new Told(step.Staleness, "statistic", "mean"), new Told(step.StalenessMaximum, "statistic", "maximum")]
            : []);
        OfStep("etr.learner.idle", "1", "Share of the last step in which the learner waited for groups.", step => step.Seconds > 0 ? step.RolloutSeconds / step.Seconds : double.NaN);
        Gauge("etr.diagnosis", "{finding}", "Whether a rule of the diagnosis holds.", run => OfFindings(run.Findings));
    }

    /// <summary>Changes what is told of a run; of one that does not run, nothing is.</summary>
    public void Tell(IMeasuredRun run, Func<RunFigures, RunFigures> change)
    {
        lock (_lock)
        {
            ForgetEnded();
            if (!run.IsRunning)
                return;
            bool known = _runs.TryGetValue(run.Name, out (IMeasuredRun Run, RunFigures Figures) found);
            if (known || _runs.Count < MostRuns)
                _runs[run.Name] = (run, change(known && found.Run == run ? found.Figures : new RunFigures()));
        }
    }

    // A lock, since it is asked by whoever scrapes; the figures themselves never change.
    private RunFiguresOf[] Running()
    {
        lock (_lock)
        {
            ForgetEnded();
            return [.. _runs.Select(run => new RunFiguresOf(run.Key, run.Value.Figures))];
        }
    }

    private void ForgetEnded()
    {
        foreach (string ended in _runs.Where(run => !run.Value.Run.IsRunning).Select(run => run.Key).ToArray())
            _runs.Remove(ended);
    }

    private void OfStep(string name, string unit, string description, Func<StepSummary, double> figure) =>
        Gauge(name, unit, description, run => run.Step is { } step ? [new Told(figure(step))] : []);

    private void Gauge(string name, string unit, string description, Func<RunFigures, IEnumerable<Told>> told) => _meter.CreateObservableGauge(
        name, () => Running().SelectMany(run => told(run.Figures).Where(one => double.IsFinite(one.Value)).Select(one => one.Of(run.Name))), unit, description);

    private static IEnumerable<Told> OfGroups(IReadOnlyDictionary<GroupPhase, int>? groups) => groups is null ? [] :
        from phase in (GroupPhase[])[GroupPhase.Rolling, GroupPhase.Sealed]
        select new Told(groups.GetValueOrDefault(phase), "state", phase.ToString().ToLowerInvariant());

    private static IEnumerable<Told> OfFindings(IReadOnlySet<string>? findings) =>
        findings is null ? [] : RunDiagnosis.All.Select(rule => new Told(findings.Contains(rule.Name) ? 1 : 0, "rule", rule.Name));

    private readonly record struct RunFiguresOf(string Name, RunFigures Figures);

    /// <summary>A value, and what it is of where there are several.</summary>
    private readonly record struct Told(double Value, string Tag = "", string TagValue = "")
    {
        public Measurement<double> Of(string run) => Tag.Length == 0
            ? new Measurement<double>(Value, new KeyValuePair<string, object?>("run", run))
            : new Measurement<double>(Value, new KeyValuePair<string, object?>("run", run), new KeyValuePair<string, object?>(Tag, TagValue));
    }
}
