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
/// <para>Where the run charges overlong traces (<see cref="ShapedReward.Penalty"/> p, −1 to 0), k·(p − mean) comes on top: k = 1,
/// in a mixed group at most half the distance from wrong to right, and w is held to a fifth of what is left of it. It is not
/// divided by its spread, so a small charge stays small.</para>
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
        var distance = Distance(group, advantages);
        var charge = Charge(group, advantages, distance);
        if (right < 2)
            return;

        var trend = TrendOfRight(group, right);
        if (trend.IsConstant)
            return;

        var weight = distance == 0 ? options.Weight : Math.Min(options.Weight, (distance - charge) * ShareOfDistance);
        for (var i = 0; i < group.Length; i++)
        {
            if (!group[i].Correct)
                continue;
            var z = (group[i].Trend - trend.Mean) / (trend.StandardDeviation + options.TrendEpsilon);
            advantages[i] += weight * Math.Clamp(z, -Clip, Clip);
        }
    }

    /// <summary>Adds what overlong traces are charged. Returns the most that it may take from the distance of wrong and right.</summary>
    private static double Charge(ReadOnlySpan<ShapedReward> group, Span<double> advantages, double distance)
    {
        Span<double> penalties = group.Length <= 256 ? stackalloc double[256] : new double[group.Length];
        penalties = penalties[..group.Length];
        for (var i = 0; i < group.Length; i++)
            penalties[i] = group[i].Penalty;
        var moments = Moments.Of(penalties);
        if (moments.IsConstant)
            return 0;

        var scale = distance == 0 ? 1 : Math.Min(1, distance / 2);
        for (var i = 0; i < group.Length; i++)
            advantages[i] += scale * (penalties[i] - moments.Mean);
        return scale;
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

    // z⁺ − z⁻, or 0 where all are right or all wrong.
    private static double Distance(ReadOnlySpan<ShapedReward> group, ReadOnlySpan<double> correctness)
    {
        for (var i = 1; i < group.Length; i++)
        {
            if (group[i].Correct != group[0].Correct)
                return Math.Abs(correctness[i] - correctness[0]);
        }

        return 0;
    }
}
