using System.Text.Json.Serialization;

namespace Etr.Grains.Runs;

/// <summary>What one committed step was, as shown everywhere. Means are over the step's traces unless said otherwise.</summary>
[GenerateSerializer, Immutable, Alias("etr.step-summary")]
public sealed record StepSummary
{
    /// <summary>The step, from 1.</summary>
    [Id(0)] public required int Step { get; init; }

    /// <summary>Whether the update was applied; false where loss or gradients were not finite.</summary>
    [Id(1)] public required bool Applied { get; init; }

    /// <summary>Ordinals of its groups, ascending.</summary>
    [Id(2)] public required IReadOnlyList<long> Ordinals { get; init; }

    /// <summary>Share of right traces.</summary>
    [Id(3)] public required double Accuracy { get; init; }

    /// <summary>Mean tokens a trace.</summary>
    [Id(4)] public required double Length { get; init; }

    /// <summary>95th percentile of tokens a trace.</summary>
    [Id(5)] public required double LengthP95 { get; init; }

    /// <summary>Share of truncated traces.</summary>
    [Id(6)] public required double Truncated { get; init; }

    /// <summary>Mean reward.</summary>
    [Id(7)] public required double Reward { get; init; }

    /// <summary>Mean trend R (nats) under the run's preset.</summary>
    [Id(8)] public required double Trend { get; init; }

    /// <summary>Mean step entropy (nats).</summary>
    [Id(9)] public required double StepEntropy { get; init; }

    /// <summary>Mean entropy of the first step, H₁ (nats).</summary>
    [Id(10)] public required double FirstStepEntropy { get; init; }

    /// <summary>Mean Spearman ρ of step index and step entropy; NaN where no trace has two steps.</summary>
    [Id(11)] public required double Spearman { get; init; }

    /// <summary>r(R, length) among right traces, within groups: negative shortens, positive lengthens; NaN where undefined.</summary>
    [Id(12)] public required double TrendLengthCorrelation { get; init; }

    /// <summary>Mean reasoning steps a trace.</summary>
    [Id(13)] public required double ReasoningSteps { get; init; }

    /// <summary>Groups whose traces are all right.</summary>
    [Id(14)] public required int AllRight { get; init; }

    /// <summary>Groups with right and wrong traces.</summary>
    [Id(15)] public required int Mixed { get; init; }

    /// <summary>Groups whose traces are all wrong.</summary>
    [Id(16)] public required int AllWrong { get; init; }

    /// <summary>Groups in which every advantage is zero.</summary>
    [Id(17)] public required int ZeroAdvantage { get; init; }

    /// <summary>Loss.</summary>
    [Id(18)] public required double Loss { get; init; }

    /// <summary>Gradient norm before clipping.</summary>
    [Id(19)] public required double GradientNorm { get; init; }

    /// <summary>Learning rate.</summary>
    [Id(20)] public required double LearningRate { get; init; }

    /// <summary>KL (nats per token) to the starting policy; 0 where it is not computed.</summary>
    [Id(21)] public required double Kl { get; init; }

    /// <summary>Share of clipped tokens.</summary>
    [Id(22)] public required double Clipped { get; init; }

    /// <summary>Mean |learner − sampler| log-probability (nats).</summary>
    [Id(23)] public required double SamplerGap { get; init; }

    /// <summary>Mean over the tokens of how many versions lie between the policy that drew one and the one that was trained.</summary>
    [Id(24)] public required double Staleness { get; init; }

    /// <summary>Tokens drawn for the step.</summary>
    [Id(25)] public required long SampledTokens { get; init; }

    /// <summary>Tokens the learner passed through the model.</summary>
    [Id(26)] public required long TrainedTokens { get; init; }

    /// <summary>Seconds from the last commit to the step's last sealed group: how long its learner waited.</summary>
    [Id(27)] public required double RolloutSeconds { get; init; }

    /// <summary>Seconds of the policy update.</summary>
    [Id(28)] public required double TrainSeconds { get; init; }

    /// <summary>Seconds to write, fsync and commit.</summary>
    [Id(29)] public required double CommitSeconds { get; init; }

    /// <summary>SHA-256 of the policy it published.</summary>
    [Id(30)] public required string PolicySha256 { get; init; }

    /// <summary>Path of that policy's safetensors.</summary>
    [Id(31)] public required string PolicyFile { get; init; }

    /// <summary>Path of the checkpoint.</summary>
    [Id(32)] public required string CheckpointFile { get; init; }

    /// <summary>SHA-256 of the checkpoint.</summary>
    [Id(33)] public required string CheckpointSha256 { get; init; }

    /// <summary>Traces that could not be scored: left out of every other figure but the drawn tokens, and of the loss.</summary>
    [Id(34)] public int Unscorable { get; init; }

    /// <summary>Each shaper of the run's reward, monitors included, in the configuration's order.</summary>
    [Id(35)] public ShaperSummary[] Shapers { get; init; } = [];

    /// <summary>Share of the learning rate that convergence has left (0 to 1); warm-up is not in it.</summary>
    [Id(36)] public double RateFactor { get; init; } = 1;

    /// <summary>Share of groups (0 to 1) whose right traces differed too little in R to be paid for it.</summary>
    [Id(37)] public double TrendOff { get; init; }

    /// <summary>The largest staleness (versions) of a token.</summary>
    [Id(50)] public long StalenessMaximum { get; init; }

    /// <summary>Most tokens of the learner's micro-batches: what is configured, or what memory left of it; 0 where it is not known.</summary>
    [Id(60)] public int MicroBatchTokens { get; init; }

    /// <summary>How often the learner ran out of memory in the step, halved its micro-batches and made the step again.</summary>
    [Id(61)] public int MemoryRetries { get; init; }

    /// <summary>10th percentile of the traces' rewards; NaN where it was not recorded.</summary>
    [Id(70)] public double RewardP10 { get; init; } = double.NaN;

    /// <summary>90th percentile of the traces' rewards; NaN where it was not recorded.</summary>
    [Id(71)] public double RewardP90 { get; init; } = double.NaN;

    /// <summary>10th percentile of the entropies (nats) of all steps of all traces; NaN where it was not recorded.</summary>
    [Id(72)] public double StepEntropyP10 { get; init; } = double.NaN;

    /// <summary>90th percentile of the entropies (nats) of all steps of all traces; NaN where it was not recorded.</summary>
    [Id(73)] public double StepEntropyP90 { get; init; } = double.NaN;

    /// <summary>Mean entropy (nats) of the traces' first, second, … reasoning step, the first 32 at most; empty where it was not recorded.</summary>
    [Id(74)] public double[] EntropyByStep { get; init; } = [];

    /// <summary>Share of tokens (0 to 1) clipped from below; NaN where it was not recorded.</summary>
    [Id(75)] public double ClippedLow { get; init; } = double.NaN;

    /// <summary>Share of tokens (0 to 1) clipped from above; NaN where it was not recorded.</summary>
    [Id(76)] public double ClippedHigh { get; init; } = double.NaN;

    /// <summary>Mean importance ratio of a token; NaN where it was not recorded.</summary>
    [Id(77)] public double Ratio { get; init; } = double.NaN;

    /// <summary>Tokens by their staleness, 0 versions first; the last of at most 17 counts everything staler. Empty where it was not recorded.</summary>
    [Id(78)] public long[] StalenessCounts { get; init; } = [];

    /// <summary>SHA-256 of the file with the sampler–learner gap of each of its tokens, <c>gaps/{sha256}.bin</c>; empty where they were not kept.</summary>
    [Id(90)] public string GapsSha256 { get; init; } = "";

    /// <summary>
    /// What the verdict, the trend and the length made of a reward that is no mix, where the estimator reads their sum; else, and where it
    /// was not recorded, empty.
    /// </summary>
    [Id(91)] public TermSummary[] Terms { get; init; } = [];

    /// <summary>Seconds spent grading and scoring, summed over the step's groups, which are graded side by side; NaN where it was not recorded.</summary>
    [Id(80)] public double GradeSeconds { get; init; } = double.NaN;

    /// <summary>
    /// The part of <see cref="RolloutSeconds"/> in which the learner waited for grading alone: from the end of the last trace of the group that came
    /// last until that was sealed. NaN where it was not recorded.
    /// </summary>
    [Id(81)] public double GradeTailSeconds { get; init; } = double.NaN;

    /// <summary>Seconds from the commit before to this one.</summary>
    [JsonIgnore]
    public double Seconds => RolloutSeconds + TrainSeconds + CommitSeconds;

    /// <summary>Tokens drawn a second of the step, whatever else was done in it.</summary>
    [JsonIgnore]
    public double TokensPerSecond => Seconds > 0 ? SampledTokens / Seconds : double.NaN;
}

/// <summary>One shaper of a run's reward over a step.</summary>
/// <param name="Name">The shaper.</param>
/// <param name="Weight">Its weight in the reward; 0 for a monitor.</param>
/// <param name="Reward">Its mean reward; NaN where it could reward no trace.</param>
/// <param name="LengthCorrelation">r(its reward, length) among right traces, within groups: negative pays for shorter chains; NaN where undefined.</param>
[GenerateSerializer, Immutable, Alias("etr.shaper-summary")]
public sealed record ShaperSummary(
    [property: Id(0)] string Name,
    [property: Id(1)] double Weight,
    [property: Id(2)] double Reward,
    [property: Id(3)] double LengthCorrelation)
{
    /// <summary>Mean over the groups of its reward's standard deviation within one, unweighted; 0 where an older version did not record it.</summary>
    [Id(4)] public double Spread { get; init; }
}

/// <summary>One term of a run's reward over a step.</summary>
/// <param name="Name"><c>correctness</c>, <c>trend</c> (with its variation) or <c>length</c> (with the charge for overlong traces).</param>
/// <param name="Share">Its share (0 to 1) of what the terms differ by within a group, the mean over the groups in which any does; NaN where none does.</param>
[GenerateSerializer, Immutable, Alias("etr.term-summary")]
public sealed record TermSummary([property: Id(0)] string Name, [property: Id(1)] double Share);
