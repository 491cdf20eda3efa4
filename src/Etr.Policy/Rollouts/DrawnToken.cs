using Etr.Core.Entropies;
using Etr.Core.Rollouts;

namespace Etr.Policy.Rollouts;

/// <summary>A token drawn for one row, with what is recorded about it.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProb">ln p of it, nats, untruncated, at the sampling temperature.</param>
/// <param name="Entropy">Entropy of the full-vocabulary distribution, nats.</param>
/// <param name="TopFiveEntropy">The released code's entropy over five entries, a share of ln 5.</param>
/// <param name="ArgMax">The most probable token.</param>
/// <param name="Ranks">The most probable tokens, falling, where they were asked for.</param>
internal readonly record struct DrawnToken(int Id, float LogProb, float Entropy, float TopFiveEntropy, int ArgMax, RankedToken[]? Ranks = null)
{
    /// <summary>The record of a token from what was found about its distribution.</summary>
    /// <param name="id">The token drawn; a greedy draw takes the first of <paramref name="topIds"/> instead.</param>
    /// <param name="logProb">ln p of it, nats.</param>
    /// <param name="entropy">Entropy of the whole distribution, nats.</param>
    /// <param name="topLogProbs">The highest log-probabilities, falling, at most five.</param>
    /// <param name="topIds">Their tokens.</param>
    /// <param name="request">Whether the most probable token is taken, and whether the ranks are kept.</param>
    /// <exception cref="NotFiniteNumberException">A figure is NaN or infinite.</exception>
    public static DrawnToken From(
        int id, double logProb, double entropy, ReadOnlySpan<double> topLogProbs, ReadOnlySpan<double> topIds, DrawRequest request)
    {
        int argMax = (int)topIds[0];
        if (request.IsGreedy)
        {
            (id, logProb) = (argMax, topLogProbs[0]);
        }

        if (!double.IsFinite(logProb) || !double.IsFinite(entropy))
        {
            throw new NotFiniteNumberException("the policy's logits are not finite");
        }

        return new DrawnToken(
            id, (float)Math.Min(0, logProb), (float)Math.Max(0, entropy), (float)TopFive(id, logProb, topLogProbs, topIds), argMax,
            request.Ranked ? RanksOf(topLogProbs, topIds) : null);
    }

    private static RankedToken[] RanksOf(ReadOnlySpan<double> topLogProbs, ReadOnlySpan<double> topIds)
    {
        var ranks = new RankedToken[topIds.Length];
        for (int rank = 0; rank < ranks.Length; rank++)
        {
            ranks[rank] = new RankedToken((int)topIds[rank], (float)Math.Min(0, topLogProbs[rank]));
        }

        return ranks;
    }

    // The drawn token first, then the ranks without it, the first five kept.
    private static double TopFive(int id, double logProb, ReadOnlySpan<double> topLogProbs, ReadOnlySpan<double> topIds)
    {
        Span<double> kept = stackalloc double[TokenEntropy.TopCount];
        kept[0] = Math.Min(1, Math.Exp(logProb));
        int count = 1;
        for (int rank = 0; rank < topLogProbs.Length && count < kept.Length; rank++)
        {
            if ((int)topIds[rank] != id)
            {
                kept[count++] = Math.Min(1, Math.Exp(topLogProbs[rank]));
            }
        }

        return TokenEntropy.TopFive(kept[..count]);
    }
}
