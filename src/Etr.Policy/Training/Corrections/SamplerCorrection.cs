using Etr.Policy.Runtime;
using Etr.Policy.Training.Losses;
using TorchSharp;

namespace Etr.Policy.Training.Corrections;

/// <summary>
/// The weights that make up for the gap between the sampler's engine and the learner's: the same policy in two engines, or a policy
/// some versions older, gives other probabilities, and the traces were drawn by the sampler's.
/// </summary>
public static class SamplerCorrection
{
    /// <summary>Most that a token weighs under <see cref="CorrectionKind.TokenTruncated"/>.</summary>
    public const double TokenBound = 2.0;

    /// <summary>The product past which a trace is dropped under <see cref="CorrectionKind.SequenceMasked"/>.</summary>
    public const double TraceBound = 3.0;

    /// <summary>Reads a name: <c>none</c>, <c>token-tis</c> or <c>sequence-mis</c>.</summary>
    /// <exception cref="ArgumentException">The name is none of them.</exception>
    public static CorrectionKind Parse(string name) => name switch
    {
        "none" => CorrectionKind.None,
        "token-tis" => CorrectionKind.TokenTruncated,
        "sequence-mis" => CorrectionKind.SequenceMasked,
        _ => throw new ArgumentException($"correction '{name}' is none of none, token-tis, sequence-mis", nameof(name)),
    };

    /// <summary>The weight of each token's policy loss. No gradient flows through it.</summary>
    /// <param name="kind">The correction.</param>
    /// <param name="startLogProbs">log π_p (nats), [tokens].</param>
    /// <param name="samplerLogProbs">log π_s (nats), [tokens].</param>
    /// <param name="traces">Which trace each token is of; whole traces.</param>
    /// <returns>Weights of the log-probabilities' type and which tokens were cut, [tokens] each; null under <see cref="CorrectionKind.None"/>.</returns>
    public static CorrectionWeights? Of(CorrectionKind kind, torch.Tensor startLogProbs, torch.Tensor samplerLogProbs, TraceRows traces)
    {
        ArgumentNullException.ThrowIfNull(startLogProbs);
        ArgumentNullException.ThrowIfNull(samplerLogProbs);
        ArgumentNullException.ThrowIfNull(traces);
        if (kind == CorrectionKind.None)
            return null;

        using IDisposable noGradient = torch.no_grad();
        torch.Tensor logRatios = startLogProbs.sub(samplerLogProbs).to(torch.ScalarType.Float64);
        if (kind == CorrectionKind.TokenTruncated)
        {
            torch.Tensor cut = logRatios.IsAbove(Math.Log(TokenBound));
            return new CorrectionWeights(logRatios.exp().AtMost(TokenBound).to(startLogProbs.dtype), cut);
        }

        // A product over thousands of tokens is a sum of logarithms, in double precision.
        torch.Tensor products = traces.Sum(logRatios);
        torch.Tensor dropped = products.IsAbove(Math.Log(TraceBound));
        torch.Tensor weights = products.exp().Filled(dropped, 0.0).to(startLogProbs.dtype);
        return new CorrectionWeights(traces.Spread(weights), traces.Spread(dropped));
    }
}

/// <summary>What a correction comes to.</summary>
/// <param name="Weights">Factor of each token's policy loss, [tokens].</param>
/// <param name="Cut">True for a token held to the bound, or of a trace that is dropped, [tokens].</param>
public sealed record CorrectionWeights(torch.Tensor Weights, torch.Tensor Cut);
