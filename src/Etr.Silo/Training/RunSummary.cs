using System.Text.Json;
using System.Text.Json.Serialization;
using Etr.Core.Evaluation;
using Etr.Core.Files;
using Etr.Core.Statistics;
using Etr.Grains.Runs;

namespace Etr.Silo.Training;

/// <summary>What a run came to, for scripts: the file of <c>--summary</c>. Its member names are an interface.</summary>
internal sealed record RunSummary
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public required string Run { get; init; }

    public required int Steps { get; init; }

    public required int ResumedFrom { get; init; }

    public required double Seconds { get; init; }

    public required long Seed { get; init; }

    public required string Shaper { get; init; }

    public required string Estimator { get; init; }

    public required UpdateSummary Update { get; init; }

    public required EvaluationSummary? Before { get; init; }

    public required EvaluationSummary? After { get; init; }

    public double? Aes => Before is null || After is null ? null : EfficiencyScore.Of(Before.Length, Before.Accuracy, After.Length, After.Accuracy);

    public required GroupsSummary Groups { get; init; }

    public required EngineSummary Sampler { get; init; }

    public required EngineSummary Learner { get; init; }

    public required IdleSummary Idle { get; init; }

    /// <summary>Share of the training's wall time in which either engine was busy (0 to 1).</summary>
    public required double EngineShare { get; init; }

    public required CheckpointSummary Checkpoint { get; init; }

    /// <summary>Writes the file, whole or not at all.</summary>
    public Task WriteAsync(string path, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(Path.GetFullPath(path), JsonSerializer.SerializeToUtf8Bytes(this, Options), cancellationToken);
}

/// <summary>An evaluation's figures in a summary.</summary>
internal record FiguresSummary(
    double Accuracy, double[] AccuracyInterval95, double Length, double Steps, double? Spearman, double Reflections, double? TrendLengthCorrelation, double H1)
{
    public static FiguresSummary Of(EvaluationFigures figures) => new(
        figures.Accuracy, figures.AccuracyInterval95, figures.Length, figures.Steps, figures.Spearman, figures.Reflections, figures.TrendLengthCorrelation, figures.H1);
}

/// <summary>An evaluation in a summary: all prompts, each category, and greedy traces of the same prompts.</summary>
internal sealed record EvaluationSummary(FiguresSummary All, IReadOnlyDictionary<string, FiguresSummary> ByCategory, FiguresSummary? Greedy)
    : FiguresSummary(All)
{
    [JsonIgnore]
    public FiguresSummary All { get; } = All;

    public static EvaluationSummary? Of(EvaluationPair? pair) => pair is null ? null : new(
        FiguresSummary.Of(pair.Sampled.All),
        pair.Sampled.ByCategory.ToDictionary(category => category.Key, category => FiguresSummary.Of(category.Value)),
        pair.Greedy is { } greedy ? FiguresSummary.Of(greedy.All) : null);
}

/// <summary>The ledger in a summary.</summary>
internal sealed record GroupsSummary(long Created, long Consumed, long Stale, CancelledSummary Cancelled, long Open)
{
    public static GroupsSummary Of(LedgerCounts counts) => new(
        counts.Created, counts.Consumed, counts.Stale, new(counts.Filtered, counts.Quarantined, counts.Unscorable, counts.Operator), counts.Open);
}

/// <summary>Cancelled groups in a summary.</summary>
internal sealed record CancelledSummary(long Filtered, long Quarantined, long Unscorable, long Operator);

/// <summary>What an engine did, and how quickly while it was busy.</summary>
internal sealed record EngineSummary(long Tokens, double TokensPerSecond)
{
    public static EngineSummary Of(long tokens, TimeSpan busy) => new(tokens, busy > TimeSpan.Zero ? tokens / busy.TotalSeconds : 0);
}

/// <summary>Shares of the training's wall time in which each engine was idle (0 to 1).</summary>
internal sealed record IdleSummary(double Sampler, double Learner);

/// <summary>The last committed checkpoint; empty before the first step.</summary>
internal sealed record CheckpointSummary(string Path, string Sha256);
