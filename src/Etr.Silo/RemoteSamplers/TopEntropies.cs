using Etr.Core.Entropies;

namespace Etr.Silo.RemoteSamplers;

/// <summary>Entropies from what a server tells of a distribution: the drawn token and the most probable ones.</summary>
internal static class TopEntropies
{
    /// <summary>The released code's entropy, exactly: the drawn token first, then the ranks without it, the first five kept.</summary>
    /// <param name="drawn">ln p of the drawn token, nats.</param>
    /// <param name="others">ln p of the most probable tokens without it, falling.</param>
    /// <returns>A share of ln 5.</returns>
    public static double TopFive(double drawn, IReadOnlyList<double> others)
    {
        Span<double> kept = stackalloc double[TokenEntropy.TopCount];
        kept[0] = Math.Min(1, Math.Exp(drawn));
        int count = 1;
        for (; count < kept.Length && count - 1 < others.Count; count++)
            kept[count] = Math.Min(1, Math.Exp(others[count - 1]));
        return TokenEntropy.TopFive(kept[..count]);
    }

    /// <summary>
    /// The entropy of the distribution in which all that is not told is one outcome, nats. Splitting an outcome never lowers an entropy,
    /// so the whole vocabulary's is at least this.
    /// </summary>
    /// <inheritdoc cref="TopFive" path="/param"/>
    public static double LowerBound(double drawn, IReadOnlyList<double> others)
    {
        double p = Math.Exp(drawn);
        (double rest, double sum) = (1 - p, -p * drawn);
        foreach (double logProb in others)
        {
            p = Math.Exp(logProb);
            rest -= p;
            sum -= p * logProb;
        }

        return Math.Max(0, rest > 0 ? sum - rest * Math.Log(rest) : sum);
    }
}
