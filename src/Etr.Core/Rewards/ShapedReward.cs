namespace Etr.Core.Rewards;

/// <summary>The reward of one trace, and what it is made of.</summary>
/// <param name="Reward">r, the sum of the terms.</param>
/// <param name="Correct">Whether the answer is right.</param>
/// <param name="Trend">R, or what else of entropy the shaper pays by, in nats: what an advantage estimator may rank right traces by; 0 where the shaper ignores entropy.</param>
public readonly record struct ShapedReward(double Reward, bool Correct, double Trend = 0)
{
    /// <summary>What the verdict alone pays.</summary>
    public double CorrectnessTerm { get; init; }

    /// <summary>What the symmetric part of the trend pays.</summary>
    public double TrendTerm { get; init; }

    /// <summary>What the variation costs, at most 0 where rises cost more than drops pay.</summary>
    public double VariationTerm { get; init; }

    /// <summary>What the length pays or costs outright.</summary>
    public double LengthTerm { get; init; }

    /// <summary>The run's charge for being overlong, −1 to 0, which is part of <see cref="LengthTerm"/>; 0 where there is none.</summary>
    public double Penalty { get; init; }

    /// <summary>Why the trace could not be rewarded, in words; null where it was.</summary>
    public string? Unscorable { get; init; }

    /// <summary>A trace that could not be rewarded.</summary>
    /// <param name="correct">Whether its answer is right.</param>
    /// <param name="reason">Why, in words.</param>
    public static ShapedReward Without(bool correct, string reason) => new(0, correct) { Unscorable = reason };

    /// <summary>This reward without what entropy pays, and with nothing that an estimator may rank right traces by.</summary>
    public ShapedReward WithoutTrend() => this with { Reward = Reward - (TrendTerm + VariationTerm), Trend = 0, TrendTerm = 0, VariationTerm = 0 };

    /// <summary>This reward with a charge for being overlong.</summary>
    /// <param name="penalty">The charge, −1 to 0.</param>
    public ShapedReward Charged(double penalty) =>
        this with { Reward = Reward + penalty, LengthTerm = LengthTerm + penalty, Penalty = penalty };
}
