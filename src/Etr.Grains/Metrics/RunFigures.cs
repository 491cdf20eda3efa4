using Etr.Grains.Groups;
using Etr.Grains.Runs;

namespace Etr.Grains.Metrics;

/// <summary>The newest figures of a run.</summary>
internal sealed record RunFigures
{
    /// <summary>The last committed step; null before this silo has seen one.</summary>
    public StepSummary? Step { get; init; }

    /// <summary>r(R, length) of the newest step in which it was defined; not a number before there is one.</summary>
    public double Correlation { get; init; } = double.NaN;

    /// <summary>Open groups by phase; null before they were looked at.</summary>
    public IReadOnlyDictionary<GroupPhase, int>? Groups { get; init; }

    /// <summary>The rules that have a finding; null where the run does not look at itself, or has not yet.</summary>
    public IReadOnlySet<string>? Findings { get; init; }
}
