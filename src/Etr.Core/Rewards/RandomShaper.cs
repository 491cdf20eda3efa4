using Etr.Core.Presets;
using Etr.Core.Rollouts;

namespace Etr.Core.Rewards;

/// <summary>
/// The noise control: as <c>guarded</c>, with a standard normal number in place of R. The number is a function of run seed,
/// prompt, round and slot alone, so that a group that is scored again is paid the same.
/// </summary>
internal sealed class RandomShaper(EtrPreset preset) : IRewardShaper
{
    // Tokens are drawn at counters from 0; no trace is so long that it comes here.
    private const uint Counter = uint.MaxValue;

    public string Name => "random";

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(group);
        ArgumentNullException.ThrowIfNull(identity);
        return [.. group.Select(trace => Shape(trace, Normal(identity, trace.Slot)))];
    }

    private ShapedReward Shape(GradedTrace trace, double number)
    {
        if (!trace.Correct)
            return new ShapedReward(-1, Correct: false, number) { CorrectnessTerm = -1 };
        var bonus = Math.Clamp(preset.Lambda * number, -GuardedShaper.Bound, GuardedShaper.Bound);
        return new ShapedReward(1 + bonus, Correct: true, number) { CorrectnessTerm = 1, TrendTerm = bonus };
    }

    // Box and Muller's transform of two uniform numbers of one block.
    private static double Normal(GroupIdentity identity, int slot)
    {
        var (x, y, z, w) = Philox4x32.Block(identity.Seed, ((uint)identity.Prompt, (uint)identity.Round, (uint)slot, Counter));
        return Math.Sqrt(-2 * Math.Log(1 - Uniform(x, y))) * Math.Cos(2 * Math.PI * Uniform(z, w));
    }

    private static double Uniform(uint high, uint low) => ((((ulong)high << 32) | low) >> 11) * (1.0 / (1UL << 53));
}
