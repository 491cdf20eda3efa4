namespace Etr.Core.Statistics;

/// <summary>
/// pass@k, the chance that at least one of k traces is right, from n traces of which c are: the unbiased estimator
/// 1 − C(n − c, k)/C(n, k) of arXiv 2107.03374, equation 1.
/// </summary>
public static class PassAtK
{
    /// <summary>Estimates it.</summary>
    /// <param name="traces">n, at least k.</param>
    /// <param name="right">c, 0 to n.</param>
    /// <param name="k">k, at least 1.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static double Of(int traces, int right, int k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(traces, k);
        ArgumentOutOfRangeException.ThrowIfNegative(right);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(right, traces);
        if (traces - right < k)
            return 1;

        // As a product, since the binomials themselves overflow.
        double none = 1;
        for (int i = traces - right + 1; i <= traces; i++)
            none *= 1 - (double)k / i;
        return 1 - none;
    }

    /// <summary>The k that are reported of n traces: the powers of two up to n, and n.</summary>
    /// <param name="traces">n, at least 1.</param>
    public static IEnumerable<int> Counts(int traces)
    {
        for (int k = 1; k < traces && k > 0; k *= 2)
            yield return k;
        yield return traces;
    }
}
