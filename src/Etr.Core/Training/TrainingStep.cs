namespace Etr.Core.Training;

/// <summary>What one policy update did.</summary>
public sealed record TrainingStep
{
    /// <summary>The step, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>False where loss or gradients were not finite and the update was skipped.</summary>
    public required bool Applied { get; init; }

    /// <summary>The loss, summed over its terms; the mean over updates where a step has several.</summary>
    public required double Loss { get; init; }

    /// <summary>Global norm of the gradient before clipping; the mean over updates where a step has several.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Learning rate used.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Mean KL estimate (nats per token) to the reference policy; 0 where its coefficient is 0.</summary>
    public required double Kl { get; init; }

    /// <summary>Mean token entropy (nats) under the learner, at the sampling temperature.</summary>
    public required double Entropy { get; init; }

    /// <summary>Mean importance ratio of a token, to the policy that the loss's ratio is to.</summary>
    public required double Ratio { get; init; }

    /// <summary>Share of tokens clipped from below (0 to 1).</summary>
    public required double ClippedLow { get; init; }

    /// <summary>Share of tokens clipped from above (0 to 1).</summary>
    public required double ClippedHigh { get; init; }

    /// <summary>
    /// Mean |learner − sampler| log-probability (nats) before the step's first update: of the tokens seen before it, all of them
    /// where the step has one update or a correction.
    /// </summary>
    public required double SamplerGap { get; init; }

    /// <summary>Largest |learner − sampler| log-probability (nats) of the same tokens.</summary>
    public required double SamplerGapMaximum { get; init; }

    /// <summary>
    /// Share of tokens (0 to 1) whose loss the correction cut: held to <c>token-tis</c>'s bound, or of a trace that
    /// <c>sequence-mis</c> dropped. 0 without a correction.
    /// </summary>
    public double CorrectedTokens { get; init; }

    /// <summary>Share of traces (0 to 1) with a token that the correction cut; under <c>sequence-mis</c>, of dropped ones.</summary>
    public double CorrectedTraces { get; init; }

    /// <summary>Mean weight that the correction gave a token; 1 without a correction.</summary>
    public double CorrectionWeight { get; init; } = 1.0;

    /// <summary>Coefficient of the entropy bonus used; steered where there is a target.</summary>
    public double EntropyCoefficient { get; init; }

    /// <summary>Optimiser updates made; 0 where the step was skipped.</summary>
    public int Updates { get; init; } = 1;

    /// <summary>Tokens that passed through the model in one epoch, prompts included.</summary>
    public required long Tokens { get; init; }

    /// <summary>Most tokens of a micro-batch: the configured number, or what is left of it where memory ran out; 0 where it is not known.</summary>
    public int MicroBatchTokens { get; init; }

    /// <summary>How often memory ran out in this step, so that micro-batches were halved and it was made again.</summary>
    public int MemoryRetries { get; init; }

    /// <summary>
    /// The learner's log-probabilities of the drawn tokens, by ordinal and slot; empty where <see cref="TrainingOptions.KeepLogProbs"/>
    /// is off. Masked traces, those that were not passed through the model, and those with a value that is not finite are not there.
    /// </summary>
    public IReadOnlyList<LearnerTrace> LearnerTraces { get; init; } = [];

    /// <summary>How long the update took.</summary>
    public required TimeSpan Duration { get; init; }
}
