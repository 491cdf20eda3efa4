using Etr.Core.Rewards;
using Etr.Core.Statistics;

namespace Etr.Core.Advantages;

/// <summary>A = (r − group mean)/(std of r in the whole batch + ε), std with n − 1 (arXiv 2501.03262).</summary>
internal sealed class BatchEstimator(AdvantageOptions options) : IAdvantageEstimator
{
    public string Name => "batch";

    public bool NeedsBatch => true;

    public void Estimate(ReadOnlySpan<ShapedReward> rewards, ReadOnlySpan<int> groupSizes, Span<double> advantages)
    {
        GroupSizes.Check(rewards.Length, groupSizes, advantages.Length);
        for (var i = 0; i < rewards.Length; i++)
            advantages[i] = rewards[i].Reward;

        var batch = Moments.Of(advantages);
        var factor = batch.IsConstant ? 0 : 1 / (batch.StandardDeviation + options.Epsilon);
        var start = 0;
        foreach (var size in groupSizes)
        {
            CenterEstimator.Center(advantages.Slice(start, size), factor);
            start += size;
        }
    }
}
