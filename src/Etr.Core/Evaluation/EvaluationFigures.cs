using Etr.Core.Statistics;

namespace Etr.Core.Evaluation;

/// <summary>What an evaluation found over many traces. Undefined figures are null.</summary>
public sealed record EvaluationFigures
{
    /// <summary>Traces drawn.</summary>
    public required int Traces { get; init; }

    /// <summary>Share of right traces (0 to 1).</summary>
    public required double Accuracy { get; init; }

    /// <summary>Wilson's 95 % interval of the accuracy, low and high, traces taken as independent.</summary>
    public required double[] AccuracyInterval95 { get; init; }

    /// <summary>Mean tokens a trace.</summary>
    public required double Length { get; init; }

    /// <summary>Mean reasoning steps a trace.</summary>
    public required double Steps { get; init; }

    /// <summary>Mean Spearman ρ of step and step entropy, over the traces where it is defined.</summary>
    public required double? Spearman { get; init; }

    /// <summary>Mean words a trace by which it doubts itself or checks again.</summary>
    public required double Reflections { get; init; }

    /// <summary>r(R, length) among right traces, within the groups of a prompt.</summary>
    public required double? TrendLengthCorrelation { get; init; }

    /// <summary>Mean entropy of the first step, H₁ (nats).</summary>
    public required double H1 { get; init; }

    /// <summary>Mean trend R (nats) under the plan's preset.</summary>
    public required double Trend { get; init; }

    /// <summary>Share of traces cut off at the length limit (0 to 1).</summary>
    public required double Truncated { get; init; }

    /// <summary>
    /// pass@k by k, the mean over prompts of <see cref="PassAtK"/>, for the powers of two up to the traces of a prompt and for those; prompts
    /// with fewer scorable traces than k are left out. avg@k is <see cref="Accuracy"/>. Empty in figures stored by older programs.
    /// </summary>
    public IReadOnlyDictionary<int, double> PassAt { get; init; } = new Dictionary<int, double>();

    /// <summary>Measures the traces of some prompts.</summary>
    internal static EvaluationFigures Of(IReadOnlyList<EvaluatedPrompt> prompts)
    {
        GroupStatistics statistics = GroupStatistics.OfMany(prompts.Select(prompt => prompt.Statistics));
        return new EvaluationFigures
        {
            Traces = statistics.Traces,
            Accuracy = statistics.Accuracy,
            AccuracyInterval95 = [statistics.AccuracyInterval.Low, statistics.AccuracyInterval.High],
            Length = statistics.Length,
            Steps = statistics.Steps,
            Spearman = statistics.StepCorrelation,
            Reflections = prompts.SelectMany(prompt => prompt.Reflections).Select(count => (double)count).DefaultIfEmpty(0).Average(),
            TrendLengthCorrelation = statistics.TrendLengthCorrelation,
            H1 = statistics.FirstStepEntropy,
            Trend = statistics.Trend,
            PassAt = PassesOf(prompts),
            Truncated = statistics.Traces == 0 ? 0 : (double)statistics.Truncated / statistics.Traces,
        };
    }

    private static SortedDictionary<int, double> PassesOf(IReadOnlyList<EvaluatedPrompt> prompts)
    {
        (int Traces, int Right)[] counts = [.. prompts.Select(prompt => (prompt.Statistics.Count(trace => !trace.Unscorable), prompt.Statistics.Count(trace => trace is { Unscorable: false, Correct: true })))];
        var passes = new SortedDictionary<int, double>();
        int most = counts.Length == 0 ? 0 : counts.Max(count => count.Traces);
        foreach (int k in most == 0 ? [] : PassAtK.Counts(most))
            passes[k] = counts.Where(count => count.Traces >= k).Average(count => PassAtK.Of(count.Traces, count.Right, k));
        return passes;
    }
}
