using Etr.Core.Rewards;

namespace Etr.Core.Advantages;

/// <summary>Leave one out: A = r − mean of the others = n/(n−1)·(r − mean) (arXiv 2402.14740, section 3).</summary>
internal sealed class RlooEstimator : GroupwiseEstimator
{
    public override string Name => "rloo";

    protected override void EstimateGroup(ReadOnlySpan<ShapedReward> group, Span<double> advantages)
    {
        CopyRewards(group, advantages);

        // A group of one has no others; it has no spread either, so the factor is never used.
        var factor = group.Length > 1 ? group.Length / (group.Length - 1.0) : 0;
        CenterEstimator.Center(advantages, factor);
    }
}
