namespace Etr.Core.Statistics;

/// <summary>What people read about the traces of one group, or of many groups together.</summary>
/// <param name="Traces">How many there are, those that could not be scored left out.</param>
/// <param name="Right">How many of them are right.</param>
/// <param name="AccuracyInterval">Wilson's 95 % interval of the share that is right, traces taken as independent.</param>
/// <param name="Length">Mean length in tokens.</param>
/// <param name="Steps">Mean number of steps.</param>
/// <param name="Trend">Mean R, in nats.</param>
/// <param name="FirstStepEntropy">Mean H_1 of the traces that have a step, in nats.</param>
/// <param name="StepCorrelation">Mean Spearman ρ of step and entropy over the traces where it is defined; null if none.</param>
/// <param name="TrendLengthCorrelation">
/// r(R, length) among right traces: R and length relative to their group's means, the residuals of all groups pooled. Its
/// sign says what the reward pays for now: negative shortens, positive lengthens. Null where undefined.
/// </param>
/// <param name="Truncated">How many were cut off at the length limit.</param>
public sealed record GroupStatistics(
    int Traces,
    int Right,
    WilsonInterval AccuracyInterval,
    double Length,
    double Steps,
    double Trend,
    double FirstStepEntropy,
    double? StepCorrelation,
    double? TrendLengthCorrelation,
    int Truncated)
{
    /// <summary>Share of traces that are right, 0 to 1; 0 for no traces.</summary>
    public double Accuracy => Traces == 0 ? 0 : Right / (double)Traces;

    /// <summary>Measures one group.</summary>
    /// <param name="group">Its traces.</param>
    /// <returns>Its statistics.</returns>
    public static GroupStatistics Of(IReadOnlyList<TraceStatistics> group) => OfMany([group]);

    /// <summary>Measures many groups together: every trace counts once, and correlations are within groups.</summary>
    /// <param name="groups">The traces of each group.</param>
    /// <returns>Their statistics.</returns>
    public static GroupStatistics OfMany(IEnumerable<IReadOnlyList<TraceStatistics>> groups)
    {
        ArgumentNullException.ThrowIfNull(groups);
        var pooled = new PooledCorrelation();
        var traces = new List<TraceStatistics>();
        foreach (var group in groups)
        {
            traces.AddRange(group.Where(trace => !trace.Unscorable));
            var right = group.Where(trace => trace.Correct && !trace.Unscorable).ToArray();
            pooled.AddGroup([.. right.Select(trace => trace.Trend)], [.. right.Select(trace => (double)trace.TokenCount)]);
        }

        var rightCount = traces.Count(trace => trace.Correct);
        var correlations = traces.Where(trace => trace.StepCorrelation is not null).Select(trace => trace.StepCorrelation!.Value);
        return new GroupStatistics(
            traces.Count,
            rightCount,
            WilsonInterval.Of(rightCount, traces.Count),
            MeanOf(traces.Select(trace => (double)trace.TokenCount)),
            MeanOf(traces.Select(trace => (double)trace.StepCount)),
            MeanOf(traces.Select(trace => trace.Trend)),
            MeanOf(traces.Where(trace => trace.StepCount > 0).Select(trace => trace.FirstStepEntropy)),
            correlations.Any() ? correlations.Average() : null,
            pooled.Value,
            traces.Count(trace => trace.Truncated));
    }

    private static double MeanOf(IEnumerable<double> values) => values.DefaultIfEmpty(0).Average();
}
