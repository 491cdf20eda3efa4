using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>The KL term of the loss, a token at a time, with d = log π_ref − log π_θ.</summary>
public static class KlPenalty
{
    /// <summary>Most that one token may add under <see cref="KlEstimator.K3"/> in training (nats).</summary>
    public const double Maximum = 10.0;

    private const double LogBound = 20.0;

    /// <summary>Reads an estimator's name: <c>k1</c>, <c>k2</c> or <c>k3</c>.</summary>
    /// <exception cref="ArgumentException">The name is none of them.</exception>
    public static KlEstimator Parse(string name) => name switch
    {
        "k1" => KlEstimator.K1,
        "k2" => KlEstimator.K2,
        "k3" => KlEstimator.K3,
        _ => throw new ArgumentException($"KL estimator '{name}' is none of k1, k2, k3", nameof(name)),
    };

    /// <summary>The estimate for each token, d held to ±20 nats.</summary>
    /// <param name="logProbs">log π_θ (nats), any shape.</param>
    /// <param name="referenceLogProbs">log π_ref (nats), the same shape.</param>
    /// <param name="estimator">Which estimator.</param>
    /// <param name="maximum">
    /// Bound on a k3 value (nats), past which a token pulls no more; infinity gives the estimator itself. The default is
    /// <see cref="Maximum"/>.
    /// </param>
    public static torch.Tensor PerToken(
        torch.Tensor logProbs, torch.Tensor referenceLogProbs, KlEstimator estimator, double maximum = Maximum)
    {
        ArgumentNullException.ThrowIfNull(logProbs);
        ArgumentNullException.ThrowIfNull(referenceLogProbs);
        torch.Tensor d = referenceLogProbs.sub(logProbs).Clamped(-LogBound, LogBound);
        return estimator switch
        {
            KlEstimator.K1 => d.neg(),
            KlEstimator.K2 => d.Squared().Times(0.5),
            KlEstimator.K3 when double.IsPositiveInfinity(maximum) => d.expm1().sub(d),
            KlEstimator.K3 => d.expm1().sub(d).AtMost(maximum),
            _ => throw new ArgumentOutOfRangeException(nameof(estimator), estimator, "no such estimator"),
        };
    }
}
