using Etr.Core.Rewards;
using Etr.Core.Statistics;

namespace Etr.Core.Advantages;

/// <summary>
/// Correctness first, the trend among right traces second: A = z(c) + w·c·clip(z_c(R), ±2).
/// </summary>
/// <remarks>
/// z standardises correctness (0 or 1) over the group as <c>group</c> does. z_c(R) = (R − mean)/(std + τ) over the right
/// traces alone; τ in nats keeps a spread of noise noise. In a mixed group w is held to a fifth of the distance from wrong
/// to right, so that every right trace stays above every wrong one. Fewer than two right traces, or no spread of R: no trend
/// term. It reads correctness and R, not r.
/// </remarks>
internal sealed class TrendNormalizedEstimator(AdvantageOptions options) : GroupwiseEstimator
{
    private const double Clip = 2;

    // Two traces may differ by 2·Clip·w at most; a fifth of the distance leaves room for that and to spare.
    private const double ShareOfDistance = 0.2;

    public override string Name => "trend-normalized";

    protected override void EstimateGroup(ReadOnlySpan<ShapedReward> group, Span<double> advantages)
    {
        var right = 0;
        for (var i = 0; i < group.Length; i++)
        {
            advantages[i] = group[i].Correct ? 1 : 0;
            right += group[i].Correct ? 1 : 0;
        }

        GroupEstimator.Standardise(advantages, options.Epsilon);
        if (right < 2)
            return;

        var trend = TrendOfRight(group, right);
        if (trend.IsConstant)
            return;

        var weight = Weight(group, advantages);
        for (var i = 0; i < group.Length; i++)
        {
            if (!group[i].Correct)
                continue;
            var z = (group[i].Trend - trend.Mean) / (trend.StandardDeviation + options.TrendEpsilon);
            advantages[i] += weight * Math.Clamp(z, -Clip, Clip);
        }
    }

    private static Moments TrendOfRight(ReadOnlySpan<ShapedReward> group, int right)
    {
        // Groups are small; a large one is not worth a stack overflow.
        Span<double> trends = right <= 256 ? stackalloc double[256] : new double[right];
        trends = trends[..right];
        var at = 0;
        foreach (var reward in group)
        {
            if (reward.Correct)
                trends[at++] = reward.Trend;
        }

        return Moments.Of(trends);
    }

    private double Weight(ReadOnlySpan<ShapedReward> group, ReadOnlySpan<double> correctness)
    {
        var distance = 0.0;
        for (var i = 1; i < group.Length && distance == 0; i++)
        {
            if (group[i].Correct != group[0].Correct)
                distance = Math.Abs(correctness[i] - correctness[0]);
        }

        return distance == 0 ? options.Weight : Math.Min(options.Weight, distance * ShareOfDistance);
    }
}
