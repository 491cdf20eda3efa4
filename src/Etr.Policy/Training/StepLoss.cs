using Etr.Core.Training;
using Etr.Policy.Runtime;
using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Losses;
using Etr.Policy.Training.Passes;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>
/// The loss of a micro-batch: the policy loss times its correction, plus the KL to the reference policy, less the entropy bonus, each
/// weighted into the update's aggregation.
/// </summary>
internal sealed class StepLoss
{
    private readonly TrainingOptions _options;
    private readonly IPolicyLoss _loss;
    private readonly ClipRange _clip;
    private readonly KlEstimator _kl;

    /// <summary>The loss that options ask for.</summary>
    /// <param name="options">Resolved options.</param>
    /// <exception cref="ArgumentException">A name is unknown.</exception>
    public StepLoss(TrainingOptions options)
    {
        _options = options;
        _loss = PolicyLosses.Find(options.Loss);
        _clip = PolicyLosses.Clip(options);
        _kl = KlPenalty.Parse(options.Kl);
        Correction = SamplerCorrection.Parse(options.Correction);
    }

    /// <summary>The correction for the sampler's gap.</summary>
    public CorrectionKind Correction { get; }

    /// <summary>Makes a loss of a micro-batch's scores.</summary>
    /// <param name="scores">The policy's scores of the tokens.</param>
    /// <param name="referenceLogProbs">The reference policy's log-probabilities (nats), [tokens]; null where the KL coefficient is 0.</param>
    /// <param name="batch">The micro-batch.</param>
    /// <param name="moment">Where in the step this is.</param>
    /// <param name="figures">Where the micro-batch's figures go.</param>
    /// <returns>The micro-batch's share of the update's loss: a scalar with a gradient.</returns>
    public torch.Tensor Of(TokenScores scores, torch.Tensor? referenceLogProbs, MicroBatch batch, StepMoment moment, StepFigures figures)
    {
        torch.Tensor now = scores.LogProbs.detach();
        // Before the step's only update the learner is where it started.
        torch.Tensor start = moment.StartLogProbs ?? now;
        CorrectionWeights? correction = SamplerCorrection.Of(Correction, start, batch.OldLogProbs, batch.Traces);
        torch.Tensor old = correction is null ? batch.OldLogProbs : start;
        TokenLosses tokens = _loss.PerToken(new PolicyTokens(scores.LogProbs, old, batch.Advantages, batch.Traces), _clip);
        torch.Tensor losses = correction is null ? tokens.Losses : tokens.Losses * correction.Weights;

        torch.Tensor? kl = null;
        if (referenceLogProbs is not null)
        {
            kl = KlPenalty.PerToken(scores.LogProbs, referenceLogProbs, _kl);
            losses = losses.Plus(kl.Times(_options.KlCoefficient));
        }

        if (moment.EntropyCoefficient > 0.0)
            losses -= scores.Entropy.Times(moment.EntropyCoefficient);

        torch.Tensor loss = LossAggregation.Sum(losses, batch.Weights);
        bool unmoved = moment.IsFirstUpdate || moment.StartLogProbs is not null;
        figures.Add(new MicroBatchFigures(
            loss.detach(), tokens, kl?.detach(), scores.Entropy.detach(), ImportanceRatio.Of(now, old),
            unmoved ? start.sub(batch.OldLogProbs).abs() : null, correction, batch.Traces));
        return loss;
    }
}

/// <summary>Where in a step a micro-batch stands.</summary>
/// <param name="EntropyCoefficient">Coefficient of the entropy bonus.</param>
/// <param name="IsFirstUpdate">Whether the weights are still those that the step began with.</param>
/// <param name="StartLogProbs">
/// The learner's log-probabilities at the start of the step (nats), [tokens]; null where they are not needed: the first update of a
/// step, or no correction.
/// </param>
internal readonly record struct StepMoment(double EntropyCoefficient, bool IsFirstUpdate, torch.Tensor? StartLogProbs);
