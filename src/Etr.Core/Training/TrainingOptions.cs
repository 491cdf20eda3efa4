using System.ComponentModel.DataAnnotations;

namespace Etr.Core.Training;

/// <summary>The policy update. Names and formulas: docs/method.md.</summary>
public sealed record TrainingOptions
{
    /// <summary>Loss: <c>grpo</c> or <c>dapo</c>. The default value is <c>grpo</c>.</summary>
    [AllowedValues("grpo", "dapo")]
    public string Loss { get; init; } = "grpo";

    /// <summary>
    /// Loss aggregation: <c>token-mean</c>, <c>seq-mean-token-mean</c>, <c>seq-mean-token-sum</c> or <c>constant</c>. The default
    /// value is <c>token-mean</c>.
    /// </summary>
    [AllowedValues("token-mean", "seq-mean-token-mean", "seq-mean-token-sum", "constant")]
    public string Aggregation { get; init; } = "token-mean";

    /// <summary>Tokens per trace by which <c>constant</c> divides. The default value is 256.</summary>
    [Range(1, 1_048_576)]
    public int AggregationConstant { get; init; } = 256;

    /// <summary>Lower clip range ε. The default value is 0.2.</summary>
    [Range(0.0, 1.0)]
    public double ClipLow { get; init; } = 0.2;

    /// <summary>Upper clip range ε; null takes the loss's own (grpo 0.2, dapo 0.28). The default value is null.</summary>
    [Range(0.0, 10.0)]
    public double? ClipHigh { get; init; }

    /// <summary>Dual-clip bound c for negative advantages; 0 turns it off. The default value is 3.</summary>
    [Range(0.0, 100.0)]
    public double DualClip { get; init; } = 3.0;

    /// <summary>Coefficient of the k3 KL term to the starting policy; 0 makes no reference pass. The default value is 0.</summary>
    [Range(0.0, 10.0)]
    public double KlCoefficient { get; init; }

    /// <summary>Coefficient of the entropy bonus. The default value is 0.</summary>
    [Range(0.0, 1.0)]
    public double EntropyCoefficient { get; init; }

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

    /// <summary>Most tokens (prompts included, padding counted) of one micro-batch. The default value is 2,048.</summary>
    [Range(16, 16_777_216)]
    public int MicroBatchTokens { get; init; } = 2048;

    /// <summary>
    /// What becomes of truncated traces: <c>mask</c> (no loss; the reward still counts), <c>keep</c>, or <c>penalise</c> (kept, and
    /// long traces are charged up to 1 of their reward: <c>Etr:Reward:OverlongLength</c>). The default value is <c>mask</c>.
    /// </summary>
    [AllowedValues("mask", "keep", "penalise")]
    public string Truncated { get; init; } = "mask";

    /// <summary>
    /// Threads of the trainer's tensor operations; 0 takes one per core in <c>sync</c>, and half of them in the other modes where
    /// sampler and learner are in one process. The default value is 0.
    /// </summary>
    [Range(0, 1024)]
    public int Threads { get; init; }
}
