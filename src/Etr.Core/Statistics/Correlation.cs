namespace Etr.Core.Statistics;

/// <summary>How two paired series go together.</summary>
public static class Correlation
{
    /// <summary>Pearson's r.</summary>
    /// <param name="x">Finite values.</param>
    /// <param name="y">As many, paired by index.</param>
    /// <returns>−1 to 1; null for fewer than two pairs or where a series has no spread (<see cref="Moments.IsConstant"/>).</returns>
    /// <exception cref="ArgumentException">The lengths differ, or a value is not finite.</exception>
    public static double? Pearson(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var pooled = new PooledCorrelation();
        pooled.AddGroup(x, y);
        return pooled.Value;
    }

    /// <summary>Spearman's ρ: Pearson's r of the ranks, ties sharing the mean of theirs.</summary>
    /// <inheritdoc cref="Pearson" path="/param|/returns|/exception"/>
    public static double? Spearman(ReadOnlySpan<double> x, ReadOnlySpan<double> y) => Pearson(Ranks(x), Ranks(y));

    private static double[] Ranks(ReadOnlySpan<double> values)
    {
        var sorted = values.ToArray();
        var order = new int[sorted.Length];
        for (var i = 0; i < order.Length; i++)
        {
            // Sorting puts NaN first and would rank it in silence.
            if (!double.IsFinite(sorted[i]))
                throw new ArgumentException($"{sorted[i]} is not a finite number.", nameof(values));
            order[i] = i;
        }

        Array.Sort(sorted, order);
        var ranks = new double[sorted.Length];
        for (var start = 0; start < sorted.Length;)
        {
            var end = start + 1;
            while (end < sorted.Length && sorted[end] == sorted[start])
                end++;
            for (var i = start; i < end; i++)
                ranks[order[i]] = (start + 1 + end) / 2.0;
            start = end;
        }

        return ranks;
    }
}
