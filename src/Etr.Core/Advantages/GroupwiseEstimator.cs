using Etr.Core.Rewards;

namespace Etr.Core.Advantages;

/// <summary>An estimator that looks at one group at a time.</summary>
internal abstract class GroupwiseEstimator : IAdvantageEstimator
{
    public abstract string Name { get; }

    public bool NeedsBatch => false;

    public void Estimate(ReadOnlySpan<ShapedReward> rewards, ReadOnlySpan<int> groupSizes, Span<double> advantages)
    {
        GroupSizes.Check(rewards.Length, groupSizes, advantages.Length);
        var start = 0;
        foreach (var size in groupSizes)
        {
            EstimateGroup(rewards.Slice(start, size), advantages.Slice(start, size));
            start += size;
        }
    }

    protected abstract void EstimateGroup(ReadOnlySpan<ShapedReward> group, Span<double> advantages);

    /// <summary>Copies the rewards r into the advantages' place, to be worked on there.</summary>
    protected static void CopyRewards(ReadOnlySpan<ShapedReward> group, Span<double> values)
    {
        for (var i = 0; i < group.Length; i++)
            values[i] = group[i].Reward;
    }
}
