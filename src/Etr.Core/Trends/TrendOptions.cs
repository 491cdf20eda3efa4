namespace Etr.Core.Trends;

/// <summary>The constants of the trend (arXiv 2604.05355, section 3).</summary>
/// <param name="Alpha">What a nat of drop pays, 0 or more.</param>
/// <param name="Beta">What a nat of rise costs, 0 or more.</param>
/// <param name="Gamma">Momentum kept from one step to the next, 0 to 1.</param>
public readonly record struct TrendOptions(double Alpha, double Beta, double Gamma)
{
    /// <summary>Drops pay what rises cost (the paper's form).</summary>
    public static TrendOptions Paper { get; } = new(1, 1, 0.9);

    /// <summary>The released code's constants: rises cost twice what drops pay.</summary>
    public static TrendOptions Reference { get; } = new(0.4, 0.8, 0.99);

    /// <summary>Rises are charged and drops pay nothing, so that no inserted step can raise the trend. The default.</summary>
    public static TrendOptions Guarded { get; } = new(0, 1, 0.9);

    /// <summary>Refuses constants out of range.</summary>
    /// <returns>These options.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A constant is out of range or not a number.</exception>
    public TrendOptions Checked()
    {
        if (!(Alpha >= 0 && double.IsFinite(Alpha)))
            throw new ArgumentOutOfRangeException(nameof(Alpha), Alpha, "Alpha is 0 or more.");
        if (!(Beta >= 0 && double.IsFinite(Beta)))
            throw new ArgumentOutOfRangeException(nameof(Beta), Beta, "Beta is 0 or more.");
        if (Gamma is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(Gamma), Gamma, "Gamma is 0 to 1.");
        return this;
    }
}
