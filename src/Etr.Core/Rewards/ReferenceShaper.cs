using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>
/// As the paper's released code computes it: r = 1 + λR if right, −1 if wrong, but 0 for any trace of which no step is left,
/// so that a wrong answer without steps beats a wrong one with them. Kept to compare against, not to train with.
/// </summary>
internal sealed class ReferenceShaper(EtrPreset preset) : IRewardShaper
{
    public string Name => "reference";

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var rewards = new ShapedReward[group.Count];
        for (var i = 0; i < rewards.Length; i++)
        {
            var steps = group[i].StepsFor(preset);
            rewards[i] = steps.IsEmpty
                ? new ShapedReward(0, group[i].Correct)
                : EntropyTrendReward.Of(group[i].Correct, steps, preset);
        }

        return rewards;
    }
}
