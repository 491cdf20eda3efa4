namespace Etr.Core.Statistics;

/// <summary>Mean and spread of some values, in two passes of double precision.</summary>
/// <param name="Mean">Their mean; 0 for none.</param>
/// <param name="StandardDeviation">With n − 1; 0 for fewer than two.</param>
/// <param name="IsConstant">max − min ≤ 1e-9·max(1, |max|): no spread worth dividing by. True for fewer than two.</param>
public readonly record struct Moments(double Mean, double StandardDeviation, bool IsConstant)
{
    private const double Tolerance = 1e-9;

    /// <summary>Measures values.</summary>
    /// <param name="values">Finite values.</param>
    /// <returns>Their moments.</returns>
    /// <exception cref="ArgumentException">A value is not finite.</exception>
    public static Moments Of(ReadOnlySpan<double> values)
    {
        if (values.IsEmpty)
            return new Moments(0, 0, IsConstant: true);

        double sum = 0, minimum = values[0], maximum = values[0];
        foreach (var value in values)
        {
            if (!double.IsFinite(value))
                throw new ArgumentException($"{value} is not a finite number.", nameof(values));
            sum += value;
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
        }

        var mean = sum / values.Length;
        var squares = 0.0;
        foreach (var value in values)
            squares += (value - mean) * (value - mean);
        var deviation = values.Length < 2 ? 0 : Math.Sqrt(squares / (values.Length - 1));
        return new Moments(mean, deviation, maximum - minimum <= Tolerance * Math.Max(1, Math.Abs(maximum)));
    }
}
