using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>As the paper prints it: r = 1 + λR if right, −1 if wrong, without a floor (arXiv 2604.05355, section 3).</summary>
internal sealed class PaperShaper(EtrPreset preset) : IRewardShaper
{
    public string Name => "paper";

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var rewards = new ShapedReward[group.Count];
        for (var i = 0; i < rewards.Length; i++)
            rewards[i] = EntropyTrendReward.Of(group[i].Correct, group[i].StepsFor(preset), preset);
        return rewards;
    }
}
