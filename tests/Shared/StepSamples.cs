using Etr.Grains.Runs;

namespace Etr.Tests.Shared;

/// <summary>
/// Steps as a run tells of them, for the tests of every project: the one place that names each required member. A test changes what it is about.
/// </summary>
internal static class StepSamples
{
    /// <summary>A step with figures that are told apart.</summary>
    public static StepSummary Step(int step) => new()
    {
        Step = step,
        Applied = true,
        Ordinals = [],
        Accuracy = 0.9,
        Length = 30,
        LengthP95 = 40,
        Truncated = 0,
        Reward = 0,
        Trend = -1,
        StepEntropy = 0.5,
        FirstStepEntropy = 0.75,
        Spearman = 0,
        TrendLengthCorrelation = -0.8,
        ReasoningSteps = 3,
        AllRight = 1,
        Mixed = 2,
        AllWrong = 1,
        ZeroAdvantage = 1,
        Loss = 0.5,
        GradientNorm = 1,
        LearningRate = 2e-4,
        Kl = 0,
        Clipped = 0,
        SamplerGap = 0,
        Staleness = 0,
        SampledTokens = 100,
        TrainedTokens = 100,
        RolloutSeconds = 1,
        TrainSeconds = 1,
        CommitSeconds = 1,
        PolicySha256 = "",
        PolicyFile = "",
        CheckpointFile = "",
        CheckpointSha256 = "",
    };
}
