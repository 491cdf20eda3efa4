using System.Diagnostics.Metrics;
using Etr.Grains.Diagnosis;
using Etr.Grains.Groups;
using Etr.Grains.Runs;

namespace Etr.Grains.Metrics;

/// <summary>What the runs of this silo measure: counters of all of them, and each one's newest figures (<see cref="RunGauges"/>). Called by a run's grain, which is the run that is meant.</summary>
internal sealed class RunMetrics
{
    private readonly IGrainContextAccessor _grains;
    private readonly RunGauges _gauges;
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _consumed;
    private readonly Counter<long> _skipped;
    private readonly Counter<long> _halvings;

    public RunMetrics(IMeterFactory meters, IGrainContextAccessor grains)
    {
        Meter meter = EtrMeter.Of(meters);
        _grains = grains;
        _gauges = new RunGauges(meter);
        _consumed = meter.CreateCounter<long>("etr.groups.consumed", "{group}", "Groups trained on in committed steps.");
        _dropped = meter.CreateCounter<long>("etr.groups.dropped", "{group}", "Groups that will never be trained on, by outcome.");
        _skipped = meter.CreateCounter<long>("etr.learner.skipped", "{step}", "Steps whose update was skipped: loss or gradients were not finite.");
        _halvings = meter.CreateCounter<long>("etr.learner.memory_halvings", "{halving}", "Times the learner ran out of memory, halved its micro-batches and made the step again.");
        _consumed.Add(0);
        _skipped.Add(0);
        foreach (GroupOutcome outcome in (GroupOutcome[])[GroupOutcome.Stale, GroupOutcome.Filtered, GroupOutcome.Quarantined, GroupOutcome.Unscorable, GroupOutcome.Operator])
            _dropped.Add(0, OfOutcome(outcome));
    }

    public void StepCommitted(StepSummary summary)
    {
        _consumed.Add(summary.Ordinals.Count);
        _skipped.Add(summary.Applied ? 0 : 1);
        _halvings.Add(summary.MemoryRetries);
        Tell(run => run with
        {
            Step = summary,
            Correlation = double.IsFinite(summary.TrendLengthCorrelation) ? summary.TrendLengthCorrelation : run.Correlation,
        });
    }

    public void GroupDropped(GroupOutcome outcome) =>
        _dropped.Add(1, OfOutcome(outcome));

    /// <summary>Tells of every rule whether it has a finding.</summary>
    public void Diagnosed(IReadOnlyCollection<RunFinding> findings) =>
        Tell(run => run with { Findings = findings.Select(finding => finding.Rule).ToHashSet(StringComparer.Ordinal) });

    public void Groups(IEnumerable<GroupPulse> pulses)
    {
        Dictionary<GroupPhase, int> counts = pulses.CountBy(pulse => pulse.Phase).ToDictionary();
        Tell(run => run with { Groups = counts });
    }

    private void Tell(Func<RunFigures, RunFigures> change)
    {
        if (_grains.GrainContext?.GrainInstance is IMeasuredRun run)
            _gauges.Tell(run, change);
    }

    private static KeyValuePair<string, object?> OfOutcome(GroupOutcome outcome) => new("outcome", outcome.ToString().ToLowerInvariant());
}
