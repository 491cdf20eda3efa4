namespace Etr.Core.Advantages;

/// <summary>The constants of the advantage estimators.</summary>
public sealed record AdvantageOptions
{
    /// <summary>ε, added to the standard deviation of the rewards. The default value is 1e-6; 0 or more.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>
    /// τ in nats, added to the standard deviation of the trend, so that a spread of noise stays noise. The default value is
    /// 0.05; 0 or more.
    /// </summary>
    public double TrendEpsilon { get; init; } = 0.05;

    /// <summary>w, the weight of the trend beside correctness. The default value is 0.4; 0 or more.</summary>
    public double Weight { get; init; } = 0.4;

    /// <summary>Refuses constants out of range.</summary>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A constant is negative or not finite.</exception>
    public AdvantageOptions Checked()
    {
        Check(Epsilon, nameof(Epsilon));
        Check(TrendEpsilon, nameof(TrendEpsilon));
        Check(Weight, nameof(Weight));
        return this;
    }

    private static void Check(double value, string name)
    {
        if (!(value >= 0 && double.IsFinite(value)))
            throw new ArgumentOutOfRangeException(name, value, $"{name} is a finite number, 0 or more.");
    }
}
