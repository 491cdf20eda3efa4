namespace Etr.Core.Rewards;

/// <summary>
/// A weighted sum of shapers: r = Σ w_i·r_i. One of weight 0 is computed and recorded, and pays nothing: a monitor.
/// </summary>
public sealed class RewardMix
{
    /// <summary>Mixes shapers.</summary>
    /// <param name="parts">At least one of weight above 0; the first of those says R.</param>
    /// <exception cref="ArgumentException">None has a weight above 0, or a weight is negative or not finite.</exception>
    public RewardMix(IReadOnlyList<RewardPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Any(part => !(part.Weight >= 0 && double.IsFinite(part.Weight))) || !parts.Any(part => part.Weight > 0))
            throw new ArgumentException("A mix of rewards has weights of 0 or more, one of them above 0.", nameof(parts));
        Parts = parts;
        Name = parts is [{ Weight: 1 }] ? parts[0].Name : string.Join(" + ", parts.Select(part => FormattableString.Invariant($"{part.Weight:0.######} {part.Name}")));
    }

    /// <summary>What it mixes, in the order of the configuration.</summary>
    public IReadOnlyList<RewardPart> Parts { get; }

    /// <summary>The shaper's name, or every name with its weight.</summary>
    public string Name { get; }

    /// <summary>Rewards a group.</summary>
    /// <param name="group">The traces of one group that could be graded, by slot; none gives none.</param>
    /// <param name="identity">Which group it is.</param>
    /// <returns>One reward a trace, in the same order. A trace that a paying shaper could not reward has none.</returns>
    /// <exception cref="InvalidOperationException">A shaper of the program's own cannot reward the group; the message says why.</exception>
    public async ValueTask<IReadOnlyList<MixedReward>> ShapeAsync(IReadOnlyList<GradedTrace> group, GroupIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(group);
        if (group.Count == 0)
            return [];
        var rewards = new IReadOnlyList<ShapedReward>[Parts.Count];
        for (var part = 0; part < rewards.Length; part++)
            rewards[part] = await Parts[part].Shaper.ShapeAsync(group, identity);
        return [.. group.Select((trace, i) => Sum(trace, [.. rewards.Select((of, part) => Finite(of[i], Parts[part].Name))]))];
    }

    private MixedReward Sum(GradedTrace trace, ShapedReward[] rewards)
    {
        double?[] each = [.. rewards.Select(reward => reward.Unscorable is null ? reward.Reward : (double?)null)];
        if (Parts is [{ Weight: 1 }])
            return new MixedReward(rewards[0] with { Correct = trace.Correct }, each);

        var sum = new ShapedReward(0, trace.Correct, Trend: double.NaN);
        for (var i = 0; i < rewards.Length; i++)
        {
            var (weight, reward) = (Parts[i].Weight, rewards[i]);
            if (weight == 0)
                continue;
            if (reward.Unscorable is not null)
                return new MixedReward(reward with { Correct = trace.Correct }, each);
            sum = sum with
            {
                Reward = sum.Reward + weight * reward.Reward,
                Trend = double.IsNaN(sum.Trend) ? reward.Trend : sum.Trend,
                CorrectnessTerm = sum.CorrectnessTerm + weight * reward.CorrectnessTerm,
                TrendTerm = sum.TrendTerm + weight * reward.TrendTerm,
                VariationTerm = sum.VariationTerm + weight * reward.VariationTerm,
                LengthTerm = sum.LengthTerm + weight * reward.LengthTerm,
            };
        }

        return new MixedReward(Finite(sum, Name), each);
    }

    private static ShapedReward Finite(ShapedReward reward, string name) =>
        reward.Unscorable is not null || (double.IsFinite(reward.Reward) && double.IsFinite(reward.Trend))
            ? reward
            : ShapedReward.Without(reward.Correct, $"reward '{name}' is not a finite number");
}

/// <summary>A shaper of a mix.</summary>
/// <param name="Name">What the configuration calls it.</param>
/// <param name="Weight">Its weight; 0 makes it a monitor.</param>
/// <param name="Shaper">The shaper.</param>
public sealed record RewardPart(string Name, double Weight, IRewardShaper Shaper);

/// <summary>The reward of one trace under a mix.</summary>
/// <param name="Reward">The weighted sum.</param>
/// <param name="Parts">What each shaper alone would pay; null where it could not.</param>
public readonly record struct MixedReward(ShapedReward Reward, IReadOnlyList<double?> Parts);
