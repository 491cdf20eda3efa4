using Etr.Dashboard.Charts;
using Etr.Dashboard.History;

namespace Etr.Dashboard.Training;

/// <summary>The charts of the training view.</summary>
internal static class TrainingCharts
{
    private const string Monitors = "monitors";
    private const string RewardParts = "reward-parts";
    private static readonly string[] MonitorTones = ["falling", "rising", "right", "fourth", "neutral", "text"];

    private static readonly ChartSpec[] Fixed =
    [
        new("reward", "Reward", "", [new("reward", "mean", "right")], new("reward-p10", "reward-p90", "10th to 90th percentile")),
        new("accuracy", "Accuracy", "", [new("accuracy", "right traces", "right")], Markers: "evaluation"),
        new("length", "Chain length", "tokens", [new("length", "mean", "falling"), new("length-p95", "95th percentile", "rising")]),
        new("truncated", "Truncated traces", "share", [new("truncated", "cut short", "rising")]),
        new("entropy", "Step entropy", "nats", [new("entropy", "mean", "falling"), new("h1", "first step, H₁", "fourth")], new("entropy-p10", "entropy-p90", "10th to 90th percentile")),
        new("trend", "Trend R", "nats", [new("trend", "mean", "falling")]),
        new("kl", "KL to the starting policy", "nats a token", [new("kl", "KL", "fourth")]),
        new("clip", "Clipped tokens", "share", [new("clip-low", "from below", "falling"), new("clip-high", "from above", "rising")]),
        new("gradient", "Gradient norm", "", [new("gradient", "before clipping", "neutral")]),
        new("loss", "Loss", "", [new("loss", "loss", "neutral")]),
        new("rate", "Learning rate", "", [new("rate", "used", "falling")]),
        new("factor", "Rate factor", "share", [new("rate-factor", "left by convergence", "neutral")]),
        new("groups", "Groups by kind", "groups", [new("all-right", "all right", "right"), new("mixed", "mixed", "falling"), new("all-wrong", "all wrong", "rising"), new("zero-advantage", "zero advantage", "neutral")]),
        new("trend-off", "Groups whose trend is off", "share", [new("trend-off", "spread too small", "fourth")]),
        new("ratio", "Importance ratio", "", [new("ratio", "mean", "fourth")]),
        new("gap", "Sampler–learner gap", "nats", [new("gap", "mean |difference|", "rising")]),
        new("staleness", "Staleness", "versions", [new("staleness", "mean", "neutral"), new("staleness-max", "largest", "rising")]),
        new("time", "Time of a step", "s", [new("generate", "generate and grade", "falling"), new("train", "train", "right"), new("publish", "publish", "fourth")]),
        new("speed", "Sampled tokens a second", "tokens/s", [new("speed", "over the whole step", "falling")]),
    ];

    /// <summary>The charts that are shown where the URL names none.</summary>
    public static IReadOnlyList<string> Usual { get; } =
        ["reward", "accuracy", "length", "truncated", "entropy", "trend", "kl", "clip", "gradient", "rate", "factor", "groups", "trend-off", "ratio", "time", Monitors];

    /// <summary>All charts that a run can have; those of its reward's shapers where it has several.</summary>
    public static IReadOnlyList<ChartSpec> Of(IReadOnlyList<StepMetric> metrics)
    {
        var shapers = metrics.Where(metric => metric.Key.StartsWith("shaper-", StringComparison.Ordinal)).ToArray();
        return shapers.Length == 0 ? Fixed :
        [
            .. Fixed,
            Of(Monitors, "What each reward pays for: r(reward, length)", shapers.Where(metric => metric.Key.StartsWith("shaper-r-", StringComparison.Ordinal))),
            Of(RewardParts, "Rewards and monitors", shapers.Where(metric => !metric.Key.StartsWith("shaper-r-", StringComparison.Ordinal))),
        ];
    }

    /// <summary>The charts that a URL names, in the catalogue's order; the usual ones where it names none of them.</summary>
    public static IReadOnlyList<ChartSpec> Chosen(IReadOnlyList<ChartSpec> all, string? named)
    {
        var names = (named ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);
        var chosen = all.Where(spec => names.Contains(spec.Key)).ToArray();
        return chosen.Length > 0 ? chosen : [.. all.Where(spec => Usual.Contains(spec.Key))];
    }

    /// <summary>What a URL says of the charts that are shown; null for the usual ones.</summary>
    public static string? Name(IEnumerable<string> chosen, IReadOnlyList<ChartSpec> all)
    {
        var names = chosen.ToArray();
        return names.Length == 0 || names.ToHashSet().SetEquals(all.Select(spec => spec.Key).Where(Usual.Contains)) ? null : string.Join(',', names);
    }

    private static ChartSpec Of(string key, string title, IEnumerable<StepMetric> metrics) =>
        new(key, title, "", [.. metrics.Select((metric, i) => new ChartSeries(metric.Key, metric.Name, MonitorTones[i % MonitorTones.Length]))]);
}
