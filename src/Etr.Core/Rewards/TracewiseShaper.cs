namespace Etr.Core.Rewards;

/// <summary>A shaper that looks at one trace at a time.</summary>
internal abstract class TracewiseShaper : IRewardShaper
{
    public abstract string Name { get; }

    public IReadOnlyList<ShapedReward> Shape(IReadOnlyList<GradedTrace> group, GroupIdentity identity)
    {
        ArgumentNullException.ThrowIfNull(group);
        var rewards = new ShapedReward[group.Count];
        for (var i = 0; i < rewards.Length; i++)
            rewards[i] = Shape(group[i]);
        return rewards;
    }

    protected abstract ShapedReward Shape(GradedTrace trace);

    /// <summary>1 + bonus if right, −1 if wrong; <paramref name="quantity"/> is what an estimator may rank right traces by.</summary>
    protected static ShapedReward Gated(GradedTrace trace, double bonus, double quantity) => trace.Correct
        ? new ShapedReward(1 + bonus, Correct: true, quantity) { CorrectnessTerm = 1, TrendTerm = bonus }
        : new ShapedReward(-1, Correct: false, quantity) { CorrectnessTerm = -1 };

    /// <summary>Mean H_t of the steps, in nats; 0 without steps.</summary>
    protected static double MeanOf(ReadOnlySpan<double> steps)
    {
        var sum = 0.0;
        foreach (var step in steps)
            sum += step;
        return steps.IsEmpty ? 0 : sum / steps.Length;
    }
}
