using Etr.Core.Presets;
using Etr.Core.Rewards;
using Etr.Core.Trends;

namespace Etr.Core.Statistics;

/// <summary>What people read about a trace, computed once here and shown everywhere from it.</summary>
/// <param name="Reward">r, the shaped reward; 0 where none was given, as in an evaluation.</param>
/// <param name="Correct">Whether the answer is right.</param>
/// <param name="Trend">R under the run's preset, in nats.</param>
/// <param name="SymmetricTrend">R_sym, in nats.</param>
/// <param name="Variation">Σ w_t·|Δ_t|, in nats, 0 or more.</param>
/// <param name="FirstStepEntropy">H_1, in nats; 0 without steps.</param>
/// <param name="LastStepEntropy">H_T, in nats; 0 without steps.</param>
/// <param name="StepCount">T.</param>
/// <param name="StepCorrelation">Spearman's ρ of step number and step entropy; null where undefined.</param>
/// <param name="TokenCount">Length in tokens.</param>
/// <param name="Truncated">Whether it was cut off at the length limit.</param>
public sealed record TraceStatistics(
    double Reward,
    bool Correct,
    double Trend,
    double SymmetricTrend,
    double Variation,
    double FirstStepEntropy,
    double LastStepEntropy,
    int StepCount,
    double? StepCorrelation,
    int TokenCount,
    bool Truncated)
{
    /// <summary>Whether it could not be scored; such a trace counts in no statistic of a group.</summary>
    public bool Unscorable { get; init; }

    /// <summary>Measures a trace.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="preset">Which steps and constants; the run's, also where its shaper ignores entropy.</param>
    /// <param name="reward">Its shaped reward r.</param>
    /// <returns>Its statistics.</returns>
    /// <exception cref="ArgumentException">A step entropy is not finite.</exception>
    public static TraceStatistics Of(GradedTrace trace, EtrPreset preset, double reward = 0)
    {
        ArgumentNullException.ThrowIfNull(trace);
        ArgumentNullException.ThrowIfNull(preset);
        var steps = trace.StepsFor(preset);
        var trend = new TrendAccumulator(preset.Trend);
        trend.AddRange(steps);
        return new TraceStatistics(
            reward,
            trace.Correct,
            trend.Value,
            EntropyTrend.Symmetric(steps, preset.Trend.Gamma),
            EntropyTrend.Variation(steps, preset.Trend.Gamma),
            steps.IsEmpty ? 0 : steps[0],
            steps.IsEmpty ? 0 : steps[^1],
            steps.Length,
            StepEntropyCorrelation(steps),
            trace.TokenCount,
            trace.Truncated);
    }

    private static double? StepEntropyCorrelation(ReadOnlySpan<double> steps)
    {
        var numbers = new double[steps.Length];
        for (var t = 0; t < numbers.Length; t++)
            numbers[t] = t + 1;
        return Correlation.Spearman(numbers, steps);
    }
}
