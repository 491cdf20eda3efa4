namespace Etr.Benchmarks.Clusters;

/// <summary>Order statistics of measured values.</summary>
internal static class Figures
{
    /// <summary>The value below which a share (0 to 1) of the values lies; NaN where there are none.</summary>
    public static double Quantile(IEnumerable<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }

    public static double Median(IEnumerable<double> values) => Quantile(values, 0.5);
}
