using System.ComponentModel.DataAnnotations;

namespace Etr.Core.Training;

/// <summary>The policy update. Names and formulas: docs/method.md.</summary>
public sealed record TrainingOptions
{
    /// <summary>
    /// Loss: <c>grpo</c>, <c>dapo</c>, <c>dr-grpo</c>, <c>gspo</c>, <c>cispo</c> or <c>sapo</c>; it fills what is left empty below,
    /// and <c>dr-grpo</c> the advantage estimator too. The default value is <c>grpo</c>.
    /// </summary>
    [AllowedValues("grpo", "dapo", "dr-grpo", "gspo", "cispo", "sapo")]
    public string Loss { get; init; } = "grpo";

    /// <summary>
    /// Loss aggregation over the traces of an update: <c>token-mean</c>, <c>seq-mean-token-mean</c>, <c>seq-mean-token-sum</c> or
    /// <c>constant</c>; empty takes the loss's own (gspo and sapo <c>seq-mean-token-mean</c>, dr-grpo <c>constant</c>, others
    /// <c>token-mean</c>). The default value is empty.
    /// </summary>
    [AllowedValues("", "token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "constant")]
    public string Aggregation { get; init; } = "";

    /// <summary>Tokens per trace by which <c>constant</c> divides. The default value is 256.</summary>
    [Range(1, 1_048_576)]
    public int AggregationConstant { get; init; } = 256;

    /// <summary>
    /// Lower clip range ε; null takes the loss's own (0.2; gspo 3e-4, cispo 1, sapo has none). The default value is null.
    /// </summary>
    [Range(0.0, 1.0)]
    public double? ClipLow { get; init; }

    /// <summary>
    /// Upper clip range ε; null takes the loss's own (0.2; dapo 0.28, gspo 4e-4, cispo 4, sapo has none). The default value is null.
    /// </summary>
    [Range(0.0, 10.0)]
    public double? ClipHigh { get; init; }

    /// <summary>
    /// Dual-clip bound c for negative advantages; 0 turns it off, null takes the loss's own (3; gspo 0, cispo and sapo have none).
    /// The default value is null.
    /// </summary>
    [Range(0.0, 100.0)]
    public double? DualClip { get; init; }

    /// <summary>
    /// What makes up for the gap between sampler and learner: <c>none</c>, <c>token-tis</c> or <c>sequence-mis</c>. The default
    /// value is <c>none</c>.
    /// </summary>
    [AllowedValues("none", "token-tis", "sequence-mis")]
    public string Correction { get; init; } = "none";

    /// <summary>KL estimator to the starting policy: <c>k1</c>, <c>k2</c> or <c>k3</c>. The default value is <c>k3</c>.</summary>
    [AllowedValues("k1", "k2", "k3")]
    public string Kl { get; init; } = "k3";

    /// <summary>Coefficient of the KL term to the starting policy; 0 makes no reference pass. The default value is 0.</summary>
    [Range(0.0, 10.0)]
    public double KlCoefficient { get; init; }

    /// <summary>Coefficient of the entropy bonus; where it adapts, the one it starts at. The default value is 0.</summary>
    [Range(0.0, 1.0)]
    public double EntropyCoefficient { get; init; }

    /// <summary>
    /// Mean token entropy (nats) that the entropy coefficient is steered towards: raised after a step below it, lowered after one
    /// above; null leaves the coefficient as it is. The default value is null.
    /// </summary>
    [Range(0.0, 100.0)]
    public double? EntropyTarget { get; init; }

    /// <summary>By how much a step raises or lowers an adaptive entropy coefficient. The default value is 1e-4.</summary>
    [Range(0.0, 1.0)]
    public double EntropyRate { get; init; } = 1e-4;

    /// <summary>Most that an adaptive entropy coefficient grows to; it never falls below 0. The default value is 0.01.</summary>
    [Range(0.0, 1.0)]
    public double EntropyMaximum { get; init; } = 0.01;

    /// <summary>
    /// Optimiser updates per epoch of a step: its groups, by ordinal, cut into as many nearly equal parts (never more than groups).
    /// The default value is 1.
    /// </summary>
    [Range(1, 4096)]
    public int MiniBatches { get; init; } = 1;

    /// <summary>How often a step goes over its groups. The default value is 1.</summary>
    [Range(1, 64)]
    public int Epochs { get; init; } = 1;

    /// <summary>Peak learning rate of AdamW. The default value is 2e-4.</summary>
    [Range(0.0, 1.0)]
    public double LearningRate { get; init; } = 2e-4;

    /// <summary>Steps over which the learning rate rises linearly to its peak. The default value is 0.</summary>
    [Range(0, 1_000_000)]
    public int WarmupSteps { get; init; }

    /// <summary>AdamW's decoupled weight decay. The default value is 0.</summary>
    [Range(0.0, 1.0)]
    public double WeightDecay { get; init; }

    /// <summary>AdamW's β₁. The default value is 0.9.</summary>
    [Range(0.0, 0.9999)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's β₂. The default value is 0.999.</summary>
    [Range(0.0, 0.99999)]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Norm to which the gradient is clipped; 0 turns clipping off. The default value is 1.</summary>
    [Range(0.0, 1e6)]
    public double GradientClip { get; init; } = 1.0;

    /// <summary>Most tokens (prompts included, padding counted) that pass through the model at once: of one micro-batch, or of all that are trained side by side. The default value is 2,048.</summary>
    [Range(16, 16_777_216)]
    public int MicroBatchTokens { get; init; } = 2048;

    /// <summary>
    /// Whether a backward pass computes each layer once more from its input instead of keeping what lies between: less memory by the
    /// number of layers, about a third more arithmetic, the same gradients. The default value is false.
    /// </summary>
    public bool Checkpointing { get; init; }

    /// <summary>
    /// Whether the gap between the sampler's and the learner's log-probability is kept for each drawn token, in the run's
    /// <c>gaps/</c>: 2 bytes a token, nothing of what is computed changes. The default value is true.
    /// </summary>
    public bool KeepLogProbs { get; init; } = true;

    /// <summary>Adapters in place of the whole weights; off by default.</summary>
    public LoraOptions Lora { get; init; } = new();

    /// <summary>
    /// What becomes of truncated traces: <c>mask</c> (no loss; the reward still counts), <c>keep</c>, or <c>penalise</c> (kept, and
    /// long traces are charged up to 1 of their reward: <c>Etr:Reward:OverlongLength</c>). The default value is <c>mask</c>.
    /// </summary>
    [AllowedValues("mask", "keep", "penalise")]
    public string Truncated { get; init; } = "mask";

    /// <summary>
    /// Threads of the trainer; 0 takes one per core in <c>sync</c>, and in the other modes, where sampler and learner are in one
    /// process, half of them or one a lane, whichever is more. On a CPU as many micro-batches are trained side by side, in lanes of a
    /// thread each, as 1,024 tokens of <c>MicroBatchTokens</c> a lane allow. The default value is 0.
    /// </summary>
    [Range(0, 1024)]
    public int Threads { get; init; }
}
