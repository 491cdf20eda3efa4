using Etr.Dashboard.Charts;
using Etr.Grains.Runs;

namespace Etr.Dashboard.History;

/// <summary>One figure of a committed step.</summary>
/// <param name="Key">Its key in code and URLs.</param>
/// <param name="Name">Its name for people.</param>
/// <param name="Unit">Its unit; empty where it has none.</param>
/// <param name="Of">Reads it; NaN where it is undefined.</param>
/// <param name="Format">Writes it for people.</param>
internal sealed record StepMetric(string Key, string Name, string Unit, Func<StepSummary, double> Of, Func<double, string> Format);

/// <summary>The figures that pages show over training.</summary>
internal static class StepMetrics
{
    private const int MostShapers = 8;

    /// <summary>Those that every run has.</summary>
    public static IReadOnlyList<StepMetric> All { get; } =
    [
        New("reward", "reward", "", s => s.Reward, 3),
        New("reward-p10", "reward, 10th percentile", "", s => s.RewardP10, 3),
        New("reward-p90", "reward, 90th percentile", "", s => s.RewardP90, 3),
        Share("accuracy", "accuracy", s => s.Accuracy),
        New("length", "tokens a trace", "tokens", s => s.Length, 1),
        New("length-p95", "95th percentile", "tokens", s => s.LengthP95, 0),
        Share("truncated", "truncated traces", s => s.Truncated),
        New("trend", "trend R", "nats", s => s.Trend, 3),
        New("rho", "Spearman ρ of step and entropy", "", s => s.Spearman, 3),
        New("r-length", "r(R, length)", "", s => s.TrendLengthCorrelation, 3),
        New("entropy", "step entropy", "nats", s => s.StepEntropy, 3),
        New("entropy-p10", "step entropy, 10th percentile", "nats", s => s.StepEntropyP10, 3),
        New("entropy-p90", "step entropy, 90th percentile", "nats", s => s.StepEntropyP90, 3),
        New("h1", "first step’s entropy H₁", "nats", s => s.FirstStepEntropy, 3),
        New("steps", "reasoning steps a trace", "steps", s => s.ReasoningSteps, 2),
        New("kl", "KL to the starting policy", "nats a token", s => s.Kl, 5),
        Share("clip-low", "clipped from below", s => s.ClippedLow),
        Share("clip-high", "clipped from above", s => s.ClippedHigh),
        New("gradient", "gradient norm", "", s => s.GradientNorm, 3),
        new("rate", "learning rate", "", s => s.LearningRate, Figures.Small),
        New("rate-factor", "rate factor", "", s => s.RateFactor, 3),
        New("loss", "loss", "", s => s.Loss, 4),
        New("ratio", "importance ratio", "", s => s.Ratio, 4),
        New("gap", "sampler–learner gap", "nats", s => s.SamplerGap, 5),
        New("all-right", "all right", "groups", s => s.AllRight, 0),
        New("mixed", "mixed", "groups", s => s.Mixed, 0),
        New("all-wrong", "all wrong", "groups", s => s.AllWrong, 0),
        New("zero-advantage", "zero advantage", "groups", s => s.ZeroAdvantage, 0),
        Share("signal", "groups with signal", SignalOf),
        Share("trend-off", "trend-off share", s => s.TrendOff),
        New("staleness", "staleness, mean", "versions", s => s.Staleness, 2),
        New("staleness-max", "staleness, largest", "versions", s => s.StalenessMaximum, 0),
        New("generate", "generate", "s", s => s.RolloutSeconds, 2),
        New("train", "train", "s", s => s.TrainSeconds, 2),
        New("publish", "publish", "s", s => s.CommitSeconds, 2),
        New("speed", "sampled tokens a second", "tokens/s", s => s.TokensPerSecond, 0),
    ];

    /// <summary>Those of a run whose first known step is <paramref name="step"/>: two more for each shaper of its reward, monitors included.</summary>
    public static IReadOnlyList<StepMetric> Of(StepSummary step) =>
    [
        .. All,
        .. step.Shapers.Take(MostShapers).SelectMany((shaper, index) => new[]
        {
            New($"shaper-r-{index}", $"r({shaper.Name}, length)", "", s => ShaperOf(s, index, shaper.Name)?.LengthCorrelation ?? double.NaN, 3),
            New($"shaper-{index}", shaper.Name, "", s => ShaperOf(s, index, shaper.Name)?.Reward ?? double.NaN, 3),
        }),
    ];

    private static ShaperSummary? ShaperOf(StepSummary step, int index, string name) =>
        index < step.Shapers.Length && step.Shapers[index].Name == name ? step.Shapers[index] : null;

    private static double SignalOf(StepSummary step)
    {
        var groups = step.AllRight + step.Mixed + step.AllWrong;
        return groups == 0 ? double.NaN : 1 - (double)step.ZeroAdvantage / groups;
    }

    private static StepMetric New(string key, string name, string unit, Func<StepSummary, double> of, int decimals) =>
        new(key, name, unit, of, value => Figures.Fixed(value, decimals));

    private static StepMetric Share(string key, string name, Func<StepSummary, double> of) => new(key, name, "share", of, Figures.Percent);
}
