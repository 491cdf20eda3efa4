using Etr.Core.Rewards;
using Etr.Core.Runs;
using Etr.Core.Statistics;
using Etr.Core.Trends;

namespace Etr.Core.Groups;

/// <summary>
/// The guard of a group whose right traces hardly differ in R: their difference is noise, and dividing by its spread would make
/// advantages of it. Such a group is paid for correctness alone.
/// </summary>
internal static class MinimumSpread
{
    /// <summary>Whether a group's trend is off.</summary>
    /// <param name="trends">R (nats) of its right traces; fewer than two have no spread to judge.</param>
    /// <param name="plan">The run's rewards; one that does not pay for the trend has none to switch off.</param>
    public static bool IsOff(ReadOnlySpan<double> trends, RewardPlan plan) =>
        plan.MinimumSpread > 0 && plan.PaysTrend && trends.Length > 1 && Moments.Of(trends).StandardDeviation < plan.MinimumSpread;

    /// <summary>The rewards that an estimator is to see: as they are, or without what entropy pays where the trend is off.</summary>
    /// <param name="rewards">The group's rewards.</param>
    /// <param name="traces">Its traces, in the same order.</param>
    /// <param name="plan">The run's rewards.</param>
    public static ShapedReward[] Guard(ShapedReward[] rewards, IReadOnlyList<GradedTrace> traces, RewardPlan plan)
    {
        if (plan.MinimumSpread == 0)
            return rewards;
        double[] right = [.. traces.Where(trace => trace.Correct).Select(trace => TrendOf(trace, plan))];
        return IsOff(right, plan) ? [.. rewards.Select(reward => reward.WithoutTrend())] : rewards;
    }

    private static double TrendOf(GradedTrace trace, RewardPlan plan)
    {
        var trend = new TrendAccumulator(plan.Preset.Trend);
        trend.AddRange(trace.StepsFor(plan.Preset));
        return trend.Value;
    }
}
