using Etr.Core.Advantages;
using Etr.Core.Rewards;

namespace Etr.Core.Groups;

/// <summary>
/// Which groups are dropped before they are trained on: those that teach nothing, because every advantage is zero. Accuracy is
/// never asked: a group that is right throughout may still have a trend to learn from.
/// </summary>
public static class GroupFilter
{
    // Its advantages are zero exactly where those of an estimator that scales by the batch are, bar an all-equal batch.
    private static readonly IAdvantageEstimator Centered = AdvantageEstimators.Create("center");

    /// <summary>Whether any advantage is not zero.</summary>
    /// <param name="advantages">One advantage a trace.</param>
    public static bool HasSignal(IReadOnlyList<double> advantages)
    {
        ArgumentNullException.ThrowIfNull(advantages);
        return advantages.Any(advantage => advantage != 0);
    }

    /// <summary>Whether a scored group has any advantage that is not zero, now or once the batch is known.</summary>
    /// <param name="traces">The group's traces; unscored ones say nothing.</param>
    /// <param name="estimator">The run's estimator.</param>
    public static bool HasSignal(IReadOnlyList<GroupTrace> traces, IAdvantageEstimator estimator)
    {
        ArgumentNullException.ThrowIfNull(traces);
        ArgumentNullException.ThrowIfNull(estimator);
        if (!estimator.NeedsBatch)
            return HasSignal([.. traces.Select(trace => trace.Payment.Advantage)]);
        ShapedReward[] rewards = [.. traces.Where(trace => trace.Unscorable is null).Select(trace => new ShapedReward(trace.Payment.Reward, trace.Verdict.Correct))];
        return HasSignal(Centered.Estimate(rewards));
    }
}
