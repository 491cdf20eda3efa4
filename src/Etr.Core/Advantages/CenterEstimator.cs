using Etr.Core.Rewards;
using Etr.Core.Statistics;

namespace Etr.Core.Advantages;

/// <summary>Dr.GRPO: A = r − mean (arXiv 2503.20783, section 3.2).</summary>
internal sealed class CenterEstimator : GroupwiseEstimator
{
    public override string Name => "center";

    protected override void EstimateGroup(ReadOnlySpan<ShapedReward> group, Span<double> advantages)
    {
        CopyRewards(group, advantages);
        Center(advantages, 1);
    }

    /// <summary>Replaces values by factor·(value − mean), or by zeros where they have no spread.</summary>
    internal static void Center(Span<double> values, double factor)
    {
        var moments = Moments.Of(values);
        foreach (ref var value in values)
            value = moments.IsConstant ? 0 : factor * (value - moments.Mean);
    }
}
