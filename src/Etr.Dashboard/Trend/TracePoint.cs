using Etr.Grains.Groups;

namespace Etr.Dashboard.Trend;

/// <summary>A trace of a trained group: what the paper's claim is about.</summary>
/// <param name="Step">The step that trained on it.</param>
/// <param name="Ordinal">Its group's ordinal.</param>
/// <param name="Prompt">Its prompt's index.</param>
/// <param name="Slot">Its slot.</param>
/// <param name="Trend">R (nats).</param>
/// <param name="Spearman">ρ of step index and step entropy; NaN where undefined.</param>
/// <param name="Length">Tokens.</param>
/// <param name="Verdict">1 right, 0 wrong, −1 not graded.</param>
/// <param name="Truncated">Whether it was cut short.</param>
public sealed record TracePoint(int Step, long Ordinal, int Prompt, int Slot, double Trend, double Spearman, int Length, int Verdict, bool Truncated)
{
    internal static IEnumerable<TracePoint> Of(GroupView group, int step) => group.Traces.Where(trace => trace.Ended).Select(trace => new TracePoint(
        step, group.Ordinal, group.Prompt, trace.Slot, trace.Trend, trace.Spearman, trace.TokenTexts.Count, trace.Verdict, trace.Truncated));
}
