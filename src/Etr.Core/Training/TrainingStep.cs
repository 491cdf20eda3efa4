namespace Etr.Core.Training;

/// <summary>What one policy update did.</summary>
public sealed record TrainingStep
{
    /// <summary>The step, from 1.</summary>
    public required int Step { get; init; }

    /// <summary>False where loss or gradients were not finite and the update was skipped.</summary>
    public required bool Applied { get; init; }

    /// <summary>The loss, summed over its terms.</summary>
    public required double Loss { get; init; }

    /// <summary>Global norm of the gradient before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Learning rate used.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Mean KL estimate (nats per token) to the reference policy; 0 where its coefficient is 0.</summary>
    public required double Kl { get; init; }

    /// <summary>Mean token entropy (nats) under the learner, at the sampling temperature.</summary>
    public required double Entropy { get; init; }

    /// <summary>Mean importance ratio.</summary>
    public required double Ratio { get; init; }

    /// <summary>Share of tokens clipped from below (0 to 1).</summary>
    public required double ClippedLow { get; init; }

    /// <summary>Share of tokens clipped from above (0 to 1).</summary>
    public required double ClippedHigh { get; init; }

    /// <summary>Mean |learner − sampler| log-probability (nats) before the update.</summary>
    public required double SamplerGap { get; init; }

    /// <summary>Largest |learner − sampler| log-probability (nats) before the update.</summary>
    public required double SamplerGapMaximum { get; init; }

    /// <summary>Tokens that passed through the model, prompts included.</summary>
    public required long Tokens { get; init; }

    /// <summary>How long the update took.</summary>
    public required TimeSpan Duration { get; init; }
}
