namespace Etr.Core.Rewards;

/// <summary>The reward of one trace, and what it is made of.</summary>
/// <param name="Reward">r, the sum of the terms.</param>
/// <param name="Correct">Whether the answer is right.</param>
/// <param name="Trend">R, in nats, as an advantage estimator may rank right traces by; 0 where the shaper ignores entropy.</param>
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
}
