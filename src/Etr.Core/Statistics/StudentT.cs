namespace Etr.Core.Statistics;

/// <summary>Student's t distribution with a whole number of degrees of freedom.</summary>
public static class StudentT
{
    // The series below has half as many terms; a group of seeds or prompts is far smaller.
    private const int MostDegrees = 100_000;

    /// <summary>
    /// A(t) = P(|T| ≤ t), by the finite series for whole degrees of freedom (Abramowitz and Stegun, Handbook of Mathematical
    /// Functions, 26.7.3 and 26.7.4).
    /// </summary>
    /// <param name="t">0 or more.</param>
    /// <param name="degrees">Degrees of freedom, 1 to 100,000.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static double Within(double t, int degrees)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(t);
        ArgumentOutOfRangeException.ThrowIfLessThan(degrees, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(degrees, MostDegrees);
        double angle = Math.Atan(t / Math.Sqrt(degrees));
        (double sine, double cosine) = Math.SinCos(angle);
        bool odd = degrees % 2 == 1;
        if (degrees == 1)
            return 2 * angle / Math.PI;

        // Odd: cos θ + (2/3) cos³ θ + …; even: 1 + (1/2) cos² θ + …; either ends with the power degrees − 2.
        double term = odd ? cosine : 1;
        double sum = term;
        for (int power = odd ? 3 : 2; power <= degrees - 2; power += 2)
        {
            term *= cosine * cosine * (power - 1) / power;
            sum += term;
        }

        return Math.Min(1, odd ? 2 / Math.PI * (angle + sine * sum) : sine * sum);
    }

    /// <summary>The t with P(|T| ≤ t) = <paramref name="level"/>: 12.706 for 0.95 and one degree of freedom.</summary>
    /// <param name="level">Above 0, below 1.</param>
    /// <param name="degrees">Degrees of freedom, 1 to 100,000.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static double Quantile(double level, int degrees)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(level, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(level, 1);
        double low = 0, high = 1;
        while (Within(high, degrees) < level)
            (low, high) = (high, 2 * high);

        // Halving until neighbours: no start value to choose, and never more than the bits of a double.
        for (double middle = (low + high) / 2; middle > low && middle < high; middle = (low + high) / 2)
        {
            if (Within(middle, degrees) < level)
                low = middle;
            else
                high = middle;
        }

        return high;
    }
}
