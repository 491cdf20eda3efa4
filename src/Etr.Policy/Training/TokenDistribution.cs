using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>What the loss reads off the policy's next-token distributions: untruncated, at the sampling temperature.</summary>
public static class TokenDistribution
{
    /// <summary>Log-probabilities of the whole vocabulary.</summary>
    /// <param name="logits">Logits, [tokens, vocabulary].</param>
    /// <param name="temperature">The sampling temperature; 0 (greedy) is read as 1, as the sampler records it.</param>
    /// <returns>[tokens, vocabulary], nats.</returns>
    public static torch.Tensor LogProbs(torch.Tensor logits, double temperature)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentOutOfRangeException.ThrowIfNegative(temperature);
        torch.Tensor scaled = temperature is 0.0 or 1.0 ? logits : logits.Times(1.0 / temperature);
        return scaled.log_softmax(-1);
    }

    /// <summary>The log-probability of one token in each row.</summary>
    /// <param name="logProbs">[tokens, vocabulary], nats.</param>
    /// <param name="targets">Ids, 64-bit, [tokens].</param>
    /// <returns>[tokens], nats.</returns>
    public static torch.Tensor Pick(torch.Tensor logProbs, torch.Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(logProbs);
        ArgumentNullException.ThrowIfNull(targets);
        return logProbs.gather(-1, targets.unsqueeze(-1)).squeeze(-1);
    }

    /// <summary>Entropy −Σ p ln p of each row.</summary>
    /// <param name="logProbs">[tokens, vocabulary], nats; finite.</param>
    /// <returns>[tokens], nats, at least 0.</returns>
    public static torch.Tensor Entropy(torch.Tensor logProbs)
    {
        ArgumentNullException.ThrowIfNull(logProbs);
        torch.Tensor probabilities = logProbs.exp();
        // Without a graph the product can take the probabilities' place.
        return (torch.is_grad_enabled() ? probabilities.mul(logProbs) : probabilities.mul_(logProbs)).sum(-1).neg();
    }
}
