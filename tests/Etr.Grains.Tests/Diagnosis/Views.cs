using Etr.Core.Runs;
using Etr.Grains.Diagnosis;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Tests.Shared;

namespace Etr.Grains.Tests.Diagnosis;

/// <summary>Runs as the rules see them: twenty steps of which only what a test changes is unsound.</summary>
internal static class Views
{
    public static DiagnosisView Of(Func<StepSummary, StepSummary>? change = null, int steps = 20) => new()
    {
        Options = new DiagnosisOptions(),
        Steps = [.. Enumerable.Range(1, steps).Select(step => (change ?? (summary => summary))(Step(step)))],
        Pool = Pool(Sampler()),
        FreeBytes = 1L << 40,
    };

    /// <summary>A figure that is <paramref name="before"/> in the first half of the steps, and <paramref name="after"/> in the second.</summary>
    public static T Later<T>(StepSummary step, T before, T after) => step.Step > 10 ? after : before;

    public static PoolStatus Pool(params SamplerStatus[] samplers) => new() { Samplers = samplers, Leases = 0, Voided = 0, Waiting = 24 };

    public static SamplerStatus Sampler() =>
        new() { Sampler = "a/cpu", Device = "cpu", Capacity = 64, Used = 8, TokensPerSecond = 100, HeartbeatAgeSeconds = 0 };

    public static StepSummary Step(int step) => StepSamples.Step(step) with
    {
        Ordinals = [1, 2, 3, 4],
        Accuracy = 0.6,
        Length = 40,
        LengthP95 = 60,
        Truncated = 0.02,
        Reward = 0.5,
        Trend = 0.4,
        StepEntropy = 0.3,
        FirstStepEntropy = 0.4,
        Spearman = -0.5,
        TrendLengthCorrelation = -0.6,
        ReasoningSteps = 4,
        Loss = 0.1,
        LearningRate = 1e-4,
        SamplerGap = 0.001,
        Staleness = 0.5,
        SampledTokens = 1000,
        TrainedTokens = 1000,
        RolloutSeconds = 2,
        TrainSeconds = 2,
        CommitSeconds = 0.1,
        Shapers = [new ShaperSummary("outcome", 1, 0.6, double.NaN) { Spread = 0.4 }, new ShaperSummary("lcpo-max", 0.5, 0.8, -0.3) { Spread = 0.4 }],
    };
}
