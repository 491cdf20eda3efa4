using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>
/// The default: r = 1 + clip(λR, ±0.5) if right, −1 if wrong, so that a wrong answer never beats a right one. Its estimator,
/// <c>trend-normalized</c>, reads correctness and R rather than r.
/// </summary>
internal sealed class GuardedShaper(EtrPreset preset) : IRewardShaper
{
    private const double Bound = 0.5;

    public string Name => "guarded";

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group)
    {
        ArgumentNullException.ThrowIfNull(group);
        var rewards = new ShapedReward[group.Count];
        for (var i = 0; i < rewards.Length; i++)
            rewards[i] = EntropyTrendReward.Of(group[i].Correct, group[i].StepsFor(preset), preset, Bound);
        return rewards;
    }
}
