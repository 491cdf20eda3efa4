namespace Etr.Core.Statistics;

/// <summary>Wilson's 95 % score interval of a share.</summary>
/// <param name="Low">Lower end, 0 to 1.</param>
/// <param name="High">Upper end, 0 to 1.</param>
public readonly record struct WilsonInterval(double Low, double High)
{
    // The 97.5 % quantile of the standard normal distribution.
    private const double Z = 1.959963984540054;

    /// <summary>The interval of <paramref name="successes"/> out of <paramref name="trials"/> independent trials.</summary>
    /// <param name="successes">0 to <paramref name="trials"/>.</param>
    /// <param name="trials">0 or more; the interval of none is 0 to 1.</param>
    /// <returns>The interval.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static WilsonInterval Of(long successes, long trials)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(trials);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        if (trials == 0)
            return new WilsonInterval(0, 1);

        double n = trials;
        var share = successes / n;
        var scale = 1 + Z * Z / n;
        var center = (share + Z * Z / (2 * n)) / scale;
        var half = Z / scale * Math.Sqrt(share * (1 - share) / n + Z * Z / (4 * n * n));
        return new WilsonInterval(Math.Max(0, center - half), Math.Min(1, center + half));
    }
}
