using System.Diagnostics.Metrics;
using Etr.Grains.Diagnosis;
using Etr.Grains.Groups;
using Etr.Grains.Runs;

namespace Etr.Grains.Metrics;

/// <summary>What the runs of this silo measure: newest committed step and open groups. One value per instrument: the newest.</summary>
internal sealed class RunMetrics
{
    private readonly Counter<long> _dropped;
    private readonly Gauge<long> _groups;
    private readonly Gauge<int> _step;
    private readonly Gauge<double> _reward;
    private readonly Gauge<double> _accuracy;
    private readonly Gauge<double> _length;
    private readonly Gauge<double> _trend;
    private readonly Gauge<double> _correlation;
    private readonly Counter<long> _consumed;
    private readonly Counter<long> _skipped;
    private readonly Counter<long> _halvings;
    private readonly Gauge<int> _diagnosis;
    private readonly Gauge<double> _stepEntropy;
    private readonly Gauge<double> _truncated;
    private readonly Gauge<double> _gap;
    private readonly Gauge<double> _staleness;
    private readonly Gauge<double> _idle;

    public RunMetrics(IMeterFactory meters)
    {
        Meter meter = EtrMeter.Of(meters);
        _groups = meter.CreateGauge<long>("etr.groups", "{group}", "Open groups by phase.");
        _consumed = meter.CreateCounter<long>("etr.groups.consumed", "{group}", "Groups trained on in committed steps.");
        _dropped = meter.CreateCounter<long>("etr.groups.dropped", "{group}", "Groups that will never be trained on, by outcome.");
        _step = meter.CreateGauge<int>("etr.learner.step", "{step}", "Last committed step.");
        _skipped = meter.CreateCounter<long>("etr.learner.skipped", "{step}", "Steps whose update was skipped: loss or gradients were not finite.");
        _halvings = meter.CreateCounter<long>("etr.learner.memory_halvings", "{halving}", "Times the learner ran out of memory, halved its micro-batches and made the step again.");
        _reward = meter.CreateGauge<double>("etr.reward", "{reward}", "Mean reward of the last step's traces.");
        _accuracy = meter.CreateGauge<double>("etr.accuracy", "1", "Share of right traces in the last step.");
        _length = meter.CreateGauge<double>("etr.length", "{token}", "Mean tokens a trace in the last step.");
        _trend = meter.CreateGauge<double>("etr.trend", "{nat}", "Mean trend R of the last step's traces.");
        _correlation = meter.CreateGauge<double>("etr.trend_length_correlation", "1", "r(R, length) among right traces, within groups, in the last step.");
        _stepEntropy = meter.CreateGauge<double>("etr.step_entropy", "{nat}", "Mean entropy of reasoning steps in the last step, and of first ones.");
        _truncated = meter.CreateGauge<double>("etr.truncated", "1", "Share of truncated traces in the last step.");
        _gap = meter.CreateGauge<double>("etr.sampler_gap", "{nat}", "Mean |learner - sampler| log-probability in the last step.");
        _staleness = meter.CreateGauge<double>("etr.staleness", "{version}", "Age of the tokens of the last step, mean and maximum.");
        _idle = meter.CreateGauge<double>("etr.learner.idle", "1", "Share of the last step in which the learner waited for groups.");
        _diagnosis = meter.CreateGauge<int>("etr.diagnosis", "{finding}", "Whether a rule of the diagnosis holds.");
        _consumed.Add(0);
        _skipped.Add(0);
        foreach (GroupOutcome outcome in (GroupOutcome[])[GroupOutcome.Stale, GroupOutcome.Filtered, GroupOutcome.Quarantined, GroupOutcome.Unscorable, GroupOutcome.Operator])
            _dropped.Add(0, OfOutcome(outcome));
        Diagnosed([]);
    }

    public void StepCommitted(StepSummary summary)
    {
        _consumed.Add(summary.Ordinals.Count);
        _skipped.Add(summary.Applied ? 0 : 1);
        _halvings.Add(summary.MemoryRetries);
        _step.Record(summary.Step);
        _reward.Record(summary.Reward);
        _accuracy.Record(summary.Accuracy);
        _length.Record(summary.Length);
        _trend.Record(summary.Trend);
        _stepEntropy.Record(summary.StepEntropy, OfSteps("all"));
        _stepEntropy.Record(summary.FirstStepEntropy, OfSteps("first"));
        _truncated.Record(summary.Truncated);
        _gap.Record(summary.SamplerGap);
        _staleness.Record(summary.Staleness, OfStatistic("mean"));
        _staleness.Record(summary.StalenessMaximum, OfStatistic("maximum"));
        if (summary.Seconds > 0)
            _idle.Record(summary.RolloutSeconds / summary.Seconds);
        if (double.IsFinite(summary.TrendLengthCorrelation))
            _correlation.Record(summary.TrendLengthCorrelation);
    }

    public void GroupDropped(GroupOutcome outcome) =>
        _dropped.Add(1, OfOutcome(outcome));

    /// <summary>Tells of every rule whether it has a finding.</summary>
    public void Diagnosed(IReadOnlyCollection<RunFinding> findings)
    {
        foreach (IDiagnosisRule rule in RunDiagnosis.All)
            _diagnosis.Record(findings.Any(finding => finding.Rule == rule.Name) ? 1 : 0, new KeyValuePair<string, object?>("rule", rule.Name));
    }

    private static KeyValuePair<string, object?> OfOutcome(GroupOutcome outcome) => new("outcome", outcome.ToString().ToLowerInvariant());

    private static KeyValuePair<string, object?> OfSteps(string steps) => new("steps", steps);

    private static KeyValuePair<string, object?> OfStatistic(string statistic) => new("statistic", statistic);

    public void Groups(IEnumerable<GroupPulse> pulses)
    {
        Dictionary<GroupPhase, int> counts = pulses.CountBy(pulse => pulse.Phase).ToDictionary();
        foreach (GroupPhase phase in (GroupPhase[])[GroupPhase.Rolling, GroupPhase.Sealed])
            _groups.Record(counts.GetValueOrDefault(phase), new KeyValuePair<string, object?>("state", phase.ToString().ToLowerInvariant()));
    }
}
