namespace Etr.Core.Rewards;

/// <summary>Plain GRPO: +1 if right, −1 if wrong. It reads no entropy, so nothing after it can.</summary>
internal sealed class OutcomeShaper : IRewardShaper
{
    public string Name => "outcome";

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var rewards = new ShapedReward[group.Count];
        for (var i = 0; i < rewards.Length; i++)
        {
            var reward = group[i].Correct ? 1 : -1;
            rewards[i] = new ShapedReward(reward, group[i].Correct) { CorrectnessTerm = reward };
        }

        return rewards;
    }
}
