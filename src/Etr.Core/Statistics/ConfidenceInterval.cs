namespace Etr.Core.Statistics;

/// <summary>
/// The mean of independent values with Student's 95 % interval: mean ± t·s/√n, s with n − 1, t the quantile at n − 1 degrees of
/// freedom. Right for values that are normally spread, such as figures over seeds; wide for few of them, as it should be.
/// </summary>
/// <param name="Count">How many values.</param>
/// <param name="Mean">Their mean; NaN for none.</param>
/// <param name="HalfWidth">Half the interval's width, 0 or more; null for fewer than two values, which say nothing of their spread.</param>
public readonly record struct ConfidenceInterval(int Count, double Mean, double? HalfWidth)
{
    private const double Level = 0.95;

    /// <summary>Lower end; the mean where there is no interval.</summary>
    public double Low => Mean - (HalfWidth ?? 0);

    /// <summary>Upper end; the mean where there is no interval.</summary>
    public double High => Mean + (HalfWidth ?? 0);

    /// <summary>Which side of 0 the interval lies on: −1, 1, or 0 where it holds 0; null where there is no interval.</summary>
    public int? Sign => HalfWidth is null ? null : High < 0 ? -1 : Low > 0 ? 1 : 0;

    /// <summary>Measures values.</summary>
    /// <param name="values">Finite values.</param>
    /// <returns>Their mean and interval.</returns>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static ConfidenceInterval Of(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
            return new ConfidenceInterval(0, double.NaN, null);
        Moments moments = Moments.Of(values);
        double? half = values.Length < 2
            ? null
            : StudentT.Quantile(Level, values.Length - 1) * moments.StandardDeviation / Math.Sqrt(values.Length);
        return new ConfidenceInterval(values.Length, moments.Mean, half);
    }
}
