namespace Etr.Core.Entropies;

/// <summary>
/// Entropies and log-probabilities of a next-token distribution given as logits.
/// </summary>
/// <remarks>
/// All of them are of the untruncated distribution softmax(logits / temperature), before top-p or top-k.
/// Temperature 0 (greedy) is measured at temperature 1. A logit of minus infinity is a token that cannot be drawn; a NaN
/// among the logits makes every result NaN.
/// </remarks>
public static class TokenEntropy
{
    /// <summary>How many entries <see cref="TopFive(ReadOnlySpan{float}, int, double)"/> looks at.</summary>
    public const int TopCount = 5;

    /// <summary>Entropy of the full vocabulary.</summary>
    /// <param name="logits">One logit a token of the vocabulary; not empty.</param>
    /// <param name="temperature">Sampling temperature, 0 or more.</param>
    /// <returns>Nats, 0 to ln(logits.Length).</returns>
    /// <exception cref="ArgumentException"><paramref name="logits"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="temperature"/> is negative or not finite.</exception>
    public static double Full(ReadOnlySpan<float> logits, double temperature = 1)
    {
        var softmax = Softmax.Of(logits, temperature);
        return softmax.Entropy;
    }

    /// <summary>Log-softmax of the logits, gathered at one token.</summary>
    /// <param name="logits">One logit a token of the vocabulary; not empty.</param>
    /// <param name="token">The token, an index into <paramref name="logits"/>.</param>
    /// <param name="temperature">Sampling temperature, 0 or more.</param>
    /// <returns>ln p(token) in nats, at most 0.</returns>
    /// <exception cref="ArgumentException"><paramref name="logits"/> is empty.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The token is outside the vocabulary, or the temperature out of range.</exception>
    public static double LogProbability(ReadOnlySpan<float> logits, int token, double temperature = 1) =>
        Measure(logits, token, temperature).LogProbability;

    /// <summary>Log-probability and full-vocabulary entropy in one pass.</summary>
    /// <inheritdoc cref="LogProbability" path="/param|/exception"/>
    /// <returns>Both, in nats.</returns>
    public static TokenMeasure Measure(ReadOnlySpan<float> logits, int token, double temperature = 1)
    {
        CheckToken(logits, token);
        var softmax = Softmax.Of(logits, temperature);
        return new TokenMeasure(softmax.LogProbability(logits[token]), softmax.Entropy);
    }

    /// <summary>
    /// The released code's form: the sampled token first, then ranks one to five, merged, the first five kept;
    /// −Σ p ln p over those, divided by ln 5.
    /// </summary>
    /// <inheritdoc cref="LogProbability" path="/param|/exception"/>
    /// <returns>A share of ln 5; a share of mass, since the five are not renormalised.</returns>
    public static double TopFive(ReadOnlySpan<float> logits, int token, double temperature = 1)
    {
        CheckToken(logits, token);
        var softmax = Softmax.Of(logits, temperature);

        // The sampled token takes a place whether or not it ranks, so only its four best rivals are ever kept.
        Span<float> rivals = stackalloc float[TopCount - 1];
        rivals.Fill(float.NegativeInfinity);
        for (var i = 0; i < logits.Length; i++)
        {
            if (i != token && logits[i] > rivals[^1])
                Insert(rivals, logits[i]);
        }

        Span<double> kept = stackalloc double[TopCount];
        kept[0] = Math.Exp(softmax.LogProbability(logits[token]));
        for (var i = 0; i < rivals.Length; i++)
            kept[i + 1] = Math.Exp(softmax.LogProbability(rivals[i]));
        return OfProbabilities(kept) / Math.Log(TopCount);
    }

    /// <summary>−Σ p ln p / ln 5 over entries that were already chosen.</summary>
    /// <param name="kept">At most five probabilities, each 0 to 1; they need not sum to one.</param>
    /// <returns>A share of ln 5.</returns>
    /// <exception cref="ArgumentException">There are more than five, or one is not a probability.</exception>
    public static double TopFive(ReadOnlySpan<double> kept)
    {
        if (kept.Length > TopCount)
            throw new ArgumentException($"At most {TopCount} entries are kept, got {kept.Length}.", nameof(kept));
        foreach (var p in kept)
        {
            if (p is not (>= 0 and <= 1))
                throw new ArgumentException($"{p} is not a probability.", nameof(kept));
        }

        return OfProbabilities(kept) / Math.Log(TopCount);
    }

    private static double OfProbabilities(ReadOnlySpan<double> probabilities)
    {
        var sum = 0.0;
        foreach (var p in probabilities)
        {
            // p ln p tends to 0 with p.
            if (p != 0)
                sum -= p * Math.Log(p);
        }

        return sum;
    }

    private static void Insert(Span<float> descending, float value)
    {
        var at = descending.Length - 1;
        while (at > 0 && descending[at - 1] < value)
        {
            descending[at] = descending[at - 1];
            at--;
        }

        descending[at] = value;
    }

    private static void CheckToken(ReadOnlySpan<float> logits, int token)
    {
        if ((uint)token >= (uint)logits.Length)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"The vocabulary has {logits.Length} tokens.");
    }
}
