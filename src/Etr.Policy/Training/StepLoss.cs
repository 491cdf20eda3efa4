using Etr.Core.Training;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>
/// The loss of a micro-batch: clipped surrogate, plus the KL to the reference policy, less the entropy bonus, each weighted into
/// the step's aggregation. One update a step, so π_old is what the sampler recorded.
/// </summary>
internal sealed class StepLoss(TrainingOptions options, double temperature)
{
    private readonly ClipRange _clip = ClipRange.From(options);

    /// <summary>Passes a micro-batch through the model.</summary>
    /// <param name="policy">The policy being trained.</param>
    /// <param name="reference">The run's starting policy; null where the KL coefficient is 0.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="figures">Where the micro-batch's figures go.</param>
    /// <returns>The micro-batch's share of the step's loss: a scalar with a gradient.</returns>
    public torch.Tensor Of(Qwen2Decoder policy, Qwen2Decoder? reference, MicroBatch batch, StepFigures figures)
    {
        torch.Tensor distribution = Distribution(policy, batch);
        torch.Tensor logProbs = TokenDistribution.Pick(distribution, batch.Targets);
        torch.Tensor ratios = ImportanceRatio.Of(logProbs, batch.OldLogProbs);
        torch.Tensor losses = ClippedPolicyLoss.PerToken(ratios, batch.Advantages, _clip);

        torch.Tensor? kl = null;
        if (reference is not null)
        {
            kl = KlPenalty.PerToken(logProbs, ReferenceLogProbs(reference, batch), KlEstimator.K3);
            losses += kl * options.KlCoefficient;
        }

        torch.Tensor entropy = Entropy(distribution);
        if (options.EntropyCoefficient > 0.0)
            losses -= entropy * options.EntropyCoefficient;

        torch.Tensor loss = LossAggregation.Sum(losses, batch.Weights);
        using (torch.no_grad())
        {
            figures.Add(
                loss, kl, entropy, ratios,
                ClippedPolicyLoss.ClippedLow(ratios, batch.Advantages, _clip),
                ClippedPolicyLoss.ClippedHigh(ratios, batch.Advantages, _clip),
                logProbs.sub(batch.OldLogProbs).abs());
        }

        return loss;
    }

    // Only positions that predict a response token reach the head: prompts and padding make no logits.
    private torch.Tensor Distribution(Qwen2Decoder decoder, MicroBatch batch)
    {
        torch.Tensor hidden = decoder.Hidden(batch.Ids).flatten(0, 1).index_select(0, batch.Positions);
        return TokenDistribution.LogProbs(decoder.Logits(hidden), temperature);
    }

    private torch.Tensor ReferenceLogProbs(Qwen2Decoder reference, MicroBatch batch)
    {
        using IDisposable noGradient = torch.no_grad();
        return TokenDistribution.Pick(Distribution(reference, batch), batch.Targets);
    }

    private torch.Tensor Entropy(torch.Tensor distribution)
    {
        if (options.EntropyCoefficient > 0.0)
            return TokenDistribution.Entropy(distribution);
        using IDisposable noGradient = torch.no_grad();
        return TokenDistribution.Entropy(distribution);
    }
}
