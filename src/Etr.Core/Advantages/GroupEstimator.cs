using Etr.Core.Rewards;
using Etr.Core.Statistics;

namespace Etr.Core.Advantages;

/// <summary>GRPO: A = (r − mean)/(std + ε), std with n − 1 (arXiv 2402.03300, section 4.1).</summary>
internal sealed class GroupEstimator(AdvantageOptions options) : GroupwiseEstimator
{
    public override string Name => "group";

    protected override void EstimateGroup(ReadOnlySpan<ShapedReward> group, Span<double> advantages)
    {
        CopyRewards(group, advantages);
        Standardise(advantages, options.Epsilon);
    }

    /// <summary>Replaces values by (value − mean)/(std + ε), or by zeros where they have no spread.</summary>
    internal static void Standardise(Span<double> values, double epsilon)
    {
        var moments = Moments.Of(values);
        foreach (ref var value in values)
            value = moments.IsConstant ? 0 : (value - moments.Mean) / (moments.StandardDeviation + epsilon);
    }
}
