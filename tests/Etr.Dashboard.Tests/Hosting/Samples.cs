using Etr.Core.Trends;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Tests.Shared;

namespace Etr.Dashboard.Tests.Hosting;

/// <summary>Small, plausible pieces of a run.</summary>
internal static class Samples
{
    public const string Run = "run-1";

    public static RunEntry Entry(string run = Run) => new()
    {
        Run = run,
        State = RunState.Running,
        Step = 12,
        Steps = 60,
        StartedAt = DateTimeOffset.UnixEpoch,
        Shaper = "guarded",
    };

    public static RunStatus Status(RunState state = RunState.Running, int step = 12) => new()
    {
        Run = Run,
        State = state,
        Reason = "",
        Step = step,
        Steps = 60,
        ElapsedSeconds = 83,
        Groups = new LedgerCounts { Created = 208, Consumed = 192, Stale = 2, Filtered = 0, Quarantined = 0, Unscorable = 0, Operator = 0, Open = 14 },
        Waits = [],
        PolicyFile = "",
        PolicySha256 = "",
        CheckpointFile = "",
        CheckpointSha256 = "",
        SampledTokens = 120_000,
        SkippedSteps = 0,
    };

    public static StepSummary Step(int step) => StepSamples.Step(step) with
    {
        Accuracy = 0.94 + 0.004 * step,
        Length = 75 - 3.2 * step,
        LengthP95 = 120,
        Reward = 0.8 + 0.01 * step,
        Trend = -1.5 + 0.1 * step,
        StepEntropy = 0.4 - 0.02 * step,
        FirstStepEntropy = 0.5,
        TrendLengthCorrelation = -0.85,
        ReasoningSteps = 7,
        AllRight = 10,
        Mixed = 5,
        ZeroAdvantage = 2,
        Loss = 0.01,
        GradientNorm = 0.5,
        Clipped = 0.01,
        SamplerGap = 1e-4,
        Staleness = 0.5,
        SampledTokens = 9000,
        TrainedTokens = 9000,
        RolloutSeconds = 2.4,
        TrainSeconds = 1.1,
        CommitSeconds = 0.1,
        RewardP10 = -1 + 0.02 * step,
        RewardP90 = 1.02,
        StepEntropyP10 = 0.1,
        StepEntropyP90 = 0.9 - 0.02 * step,
        EntropyByStep = [.. Enumerable.Range(0, 7).Select(i => Math.Max(0.02, 1.1 * Math.Exp(-0.35 * i) - 0.02 * step))],
        ClippedLow = 0.004,
        ClippedHigh = 0.006,
        Ratio = 1.001,
        StalenessCounts = [4500, 4500],
        Shapers = [new ShaperSummary("guarded", 1, 0.8, -0.85), new ShaperSummary("paper", 0, 0.7, 0.2)],
    };

    /// <summary>A step of a long run: figures drift and jump about, the same in every test run.</summary>
    public static StepSummary Lively(int step)
    {
        var drift = Math.Exp(-step / 120.0);
        double Jump(int seed) => (Math.Abs(step * 7919 + seed * 104_729) % 1000 / 1000.0 - 0.5) * (0.3 + drift);
        return Step(1) with
        {
            Step = step,
            Accuracy = Math.Clamp(0.95 - 0.35 * drift + 0.05 * Jump(1), 0, 1),
            Reward = 0.9 - 0.7 * drift + 0.2 * Jump(2),
            RewardP10 = -1 + 0.5 * (1 - drift),
            RewardP90 = 1.05,
            Length = 48 + 60 * drift + 6 * Jump(3),
            LengthP95 = 80 + 90 * drift + 20 * Jump(4),
            Truncated = Math.Max(0, 0.08 * drift + 0.02 * Jump(5)),
            Trend = -0.4 - drift + 0.2 * Jump(6),
            TrendLengthCorrelation = -0.8 + 0.6 * (1 - drift) + 0.2 * Jump(7),
            StepEntropy = 0.2 + 0.4 * drift + 0.05 * Jump(8),
            StepEntropyP10 = 0.05,
            StepEntropyP90 = 0.5 + 0.7 * drift,
            FirstStepEntropy = 0.5 + 0.1 * drift + 0.05 * Jump(9),
            EntropyByStep = [.. Enumerable.Range(0, 6 + (int)(10 * drift)).Select(i => Math.Max(0.02, (0.5 + drift) * Math.Exp(-0.25 * i) + 0.05 * Jump(i)))],
            Kl = 0.02 * (1 - drift),
            GradientNorm = 0.4 + 0.4 * Math.Abs(Jump(10)),
            LearningRate = 2e-4 * Math.Min(1, step / 10.0),
            RateFactor = step < 150 ? 1 : 0.5,
            AllRight = 4 + (int)(8 * (1 - drift)),
            Mixed = 10 - (int)(7 * (1 - drift)),
            AllWrong = 2 - (int)(1.9 * (1 - drift)),
            ZeroAdvantage = (int)(5 * (1 - drift)),
            RolloutSeconds = 2.4 + Jump(11),
            TrainSeconds = 1.1 + 0.3 * Jump(12),
            CommitSeconds = 0.1,
            StalenessCounts = [5000, 3000, 900, 100],
            Shapers = [new ShaperSummary("guarded", 1, 0.8, -0.8 + 0.6 * (1 - drift)), new ShaperSummary("paper", 0, 0.7, 0.2 + 0.1 * Jump(13))],
        };
    }

    public static RunEvaluation Evaluation(int step, double accuracy) => new()
    {
        Step = step,
        Accuracy = accuracy,
        AccuracyLow = accuracy - 0.02,
        AccuracyHigh = accuracy + 0.02,
        Length = 60,
        TrendLengthCorrelation = -0.4,
        PolicySha256 = "",
    };

    public static PoolStatus Pool() => new()
    {
        Samplers =
        [
            new SamplerStatus { Sampler = "silo-a/cpu", Device = "cpu", Capacity = 128, Used = 96, TokensPerSecond = 21_400, HeartbeatAgeSeconds = 0.8 },
        ],
        Leases = 96,
        Voided = 1,
    };

    public static PromptView Prompt(int prompt, string text = "B 1) 6*8 2) -0 3) -0 4) +1 ?", long ordinal = 40) => new()
    {
        Prompt = prompt,
        Id = $"arithmetic/train/{prompt}",
        Text = text,
        Answer = "9",
        Category = "ABC"[prompt % 3].ToString(),
        CurrentOrdinal = ordinal,
        History =
        [
            new RoundResult { Round = 0, Ordinal = 7, PolicyVersion = 0, Accuracy = 0.875, Length = 84.5, Trend = -1.2, BestSlot = 1, WorstSlot = 2 },
            new RoundResult { Round = 1, Ordinal = 40, PolicyVersion = 5, Accuracy = 0.75, Length = 52, Trend = -0.4, BestSlot = 0, WorstSlot = 2 },
        ],
    };

    public static GroupView Group(int prompt, long ordinal = 40, int slots = 8, Func<int, IReadOnlyList<string>>? texts = null)
    {
        var traces = Enumerable.Range(0, slots).Select(slot => Trace(slot, texts?.Invoke(slot) ?? DefaultTexts(slot))).ToArray();
        return new GroupView
        {
            Ordinal = ordinal,
            Phase = GroupPhase.Consumed,
            Prompt = prompt,
            Round = 1,
            PolicyVersion = 5,
            Step = 6,
            Traces = traces,
        };
    }

    public static RolloutEvent Event(RolloutEventKind kind, int prompt, int slot = 0, int step = 0, double value = 0, double trend = 0, long ordinal = 1) =>
        new(kind, Run, ordinal, prompt, slot, step, value, trend, 3, "", TimeProvider.System.GetUtcNow());

    private static string[] DefaultTexts(int slot) =>
        [.. Enumerable.Range(0, 3 + slot % 4).SelectMany(step => new[] { $"{step + 1})", "6", "*", "8", "=", "8", "\n\n" }), "answer", "=", "9", "."];

    private static TraceView Trace(int slot, IReadOnlyList<string> texts)
    {
        var steps = new int[texts.Count];
        for (var i = 1; i < texts.Count; i++)
            steps[i] = steps[i - 1] + (texts[i - 1].EndsWith("\n\n", StringComparison.Ordinal) ? 1 : 0);
        var entropies = steps.Select((step, i) => (float)(1.4 * Math.Exp(-0.4 * step) * (0.2 + 0.8 * ((i * 7 + slot * step * 3) % 5) / 4.0))).ToArray();
        double[] stepEntropies = [.. Enumerable.Range(0, steps[^1] + 1).Select(step => entropies.Where((_, i) => steps[i] == step).Average(e => (double)e))];
        var right = slot % 4 != 2;
        var trend = EntropyTrend.Of(stepEntropies, TrendOptions.Guarded);
        return new TraceView
        {
            Slot = slot,
            Sampler = "silo-a/cpu",
            Attempt = 1,
            Ended = true,
            Truncated = false,
            TokenTexts = texts,
            TokenEntropies = entropies,
            TokenLogProbs = [.. entropies.Select(e => -e / 2)],
            TokenSteps = steps,
            StepEntropies = stepEntropies,
            Trend = trend,
            Verdict = right ? 1 : 0,
            Extracted = right ? "9" : "8",
            VerdictReason = right ? "equal numbers" : "8 is not 9",
            Reward = right ? 1 + 0.005 * trend : -1,
            CorrectnessReward = right ? 1 : -1,
            TrendReward = right ? 0.005 * trend : 0,
            Advantage = right ? 0.4 + 0.1 * slot : -1.6,
            SymmetricTrend = EntropyTrend.Symmetric(stepEntropies, 0.9),
            Variation = EntropyTrend.Variation(stepEntropies, 0.9),
            Spearman = -0.9,
        };
    }
}
