using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training.Losses;

/// <summary>The importance ratio ρ = π_θ / π_old of a token: how much likelier the policy being trained makes it than the one that drew it.</summary>
public static class ImportanceRatio
{
    // Far outside any clip range; beyond it exp overflows, and 0 · ∞ in the backward pass would turn a clipped token into NaN.
    private const double LogBound = 20.0;

    /// <summary>ρ = exp(log π_θ − log π_old), the difference held to ±20 nats.</summary>
    /// <param name="logProbs">log π_θ (nats), any shape.</param>
    /// <param name="oldLogProbs">log π_old (nats), the same shape; no gradient flows into it.</param>
    /// <returns>ρ &gt; 0 for each token.</returns>
    public static torch.Tensor Of(torch.Tensor logProbs, torch.Tensor oldLogProbs)
    {
        ArgumentNullException.ThrowIfNull(logProbs);
        ArgumentNullException.ThrowIfNull(oldLogProbs);
        return FromLog(logProbs.sub(oldLogProbs));
    }

    /// <summary>exp of a log-ratio that is held to ±20 nats.</summary>
    internal static torch.Tensor FromLog(torch.Tensor logRatios) => logRatios.Clamped(-LogBound, LogBound).exp();
}
