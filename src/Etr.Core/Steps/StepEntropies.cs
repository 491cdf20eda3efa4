using Etr.Core.Entropies;
using Etr.Core.Rollouts;

namespace Etr.Core.Steps;

/// <summary>From token entropies to step entropies: H_t is the mean over the tokens of step t (arXiv 2604.05355, section 3).</summary>
public static class StepEntropies
{
    /// <summary>Mean entropy of each step.</summary>
    /// <param name="tokenEntropies">One entropy a token, in nats.</param>
    /// <param name="ends">For each step the index after its last token, strictly rising; tokens after the last are left out.</param>
    /// <returns>One mean a step, in the unit of <paramref name="tokenEntropies"/>.</returns>
    /// <exception cref="ArgumentException">The ends do not rise, or reach beyond the tokens.</exception>
    public static double[] Means(ReadOnlySpan<double> tokenEntropies, ReadOnlySpan<int> ends)
    {
        var means = new double[ends.Length];
        var start = 0;
        for (var step = 0; step < ends.Length; step++)
        {
            var end = ends[step];
            if (end <= start || end > tokenEntropies.Length)
                throw new ArgumentException($"Step {step} would be tokens {start} to {end} of {tokenEntropies.Length}.", nameof(ends));
            var sum = 0.0;
            foreach (var entropy in tokenEntropies[start..end])
                sum += entropy;
            means[step] = sum / (end - start);
            start = end;
        }

        return means;
    }

    /// <summary>Step entropies of a whole response by its sampled text.</summary>
    /// <param name="tokenTexts">The text each token adds, in order; empty for end-of-sequence.</param>
    /// <param name="tokenEntropies">One entropy a token, in nats.</param>
    /// <returns>One mean a step, in nats.</returns>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double[] Of(IReadOnlyList<string> tokenTexts, ReadOnlySpan<double> tokenEntropies)
    {
        ArgumentNullException.ThrowIfNull(tokenTexts);
        if (tokenTexts.Count != tokenEntropies.Length)
            throw new ArgumentException($"{tokenEntropies.Length} entropies for {tokenTexts.Count} tokens.", nameof(tokenEntropies));
        return Means(tokenEntropies, StepSegmenter.Ends(tokenTexts));
    }

    /// <summary>Step entropies of a whole response as a preset reads it.</summary>
    /// <param name="tokens">The sampled tokens in order, end-of-sequence included.</param>
    /// <param name="kind">Which of their two entropies.</param>
    /// <param name="rule">How to cut.</param>
    /// <returns>One mean a step; under <see cref="StepRule.ArgMaxToken"/> possibly none.</returns>
    public static double[] Of(IReadOnlyList<SampledToken> tokens, EntropyKind kind, StepRule rule)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var entropies = new double[tokens.Count];
        for (var i = 0; i < entropies.Length; i++)
            entropies[i] = kind == EntropyKind.TopFive ? tokens[i].TopFiveEntropy : tokens[i].Entropy;
        return rule == StepRule.ArgMaxToken
            ? ReferenceSteps.Entropies(entropies, [.. tokens.Select(token => token.ArgMaxBreaks)])
            : Of([.. tokens.Select(token => token.Text)], entropies);
    }
}
