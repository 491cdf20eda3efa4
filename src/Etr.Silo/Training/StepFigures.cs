using System.Globalization;
using Etr.Grains.Runs;

namespace Etr.Silo.Training;

/// <summary>A step's figures as people read them.</summary>
internal static class StepFigures
{
    private const int Recent = 5;

    /// <summary>A number, or a dash where it is undefined.</summary>
    public static string Number(double? value, string format) =>
        value is { } number && double.IsFinite(number) ? number.ToString(format, CultureInfo.InvariantCulture) : "-";

    /// <summary>One line about a step.</summary>
    public static string Line(StepSummary step, int steps, TimeSpan left) => string.Create(
        CultureInfo.InvariantCulture,
        $"step {step.Step}/{steps}  accuracy {step.Accuracy:0.000}  length {step.Length:0.0}  trend {step.Trend:+0.000;-0.000;0.000}  r(R,length) {Number(step.TrendLengthCorrelation, "+0.00;-0.00;0.00")}  {Number(step.TokensPerSecond, "0")} tokens/s  {Remaining(left)} left{(step.TrendOff == 0 ? "" : FormattableString.Invariant($"  trend off in {step.TrendOff:P0} of groups"))}{(step.Unscorable == 0 ? "" : $"  {step.Unscorable} traces not scored")}{(step.MemoryRetries == 0 ? "" : $"  memory ran out: micro-batches of {step.MicroBatchTokens} tokens")}{(step.Applied ? "" : "  SKIPPED: loss or gradients were not finite")}");

    /// <summary>What a step's line says more where the learning rate was decayed since the step before; empty elsewhere.</summary>
    /// <param name="step">The step.</param>
    /// <param name="before">The step before; null where it is not known.</param>
    public static string RateChange(StepSummary step, StepSummary? before) => step.RateFactor == (before?.RateFactor ?? 1) ? "" : string.Create(
        CultureInfo.InvariantCulture, $"  learning rate {step.LearningRate:0.###e+0} (x{step.RateFactor:0.####})");

    /// <summary>One line about an evaluation during the run.</summary>
    public static string Line(RunEvaluation found) => found.Failure.Length > 0 ? $"step {found.Step} could not be evaluated: {found.Failure}" : string.Create(
        CultureInfo.InvariantCulture,
        $"step {found.Step} held out  accuracy {found.Accuracy:0.000} [{found.AccuracyLow:0.000}, {found.AccuracyHigh:0.000}]  length {found.Length:0.0}  r(R,length) {Number(found.TrendLengthCorrelation, "+0.00;-0.00;0.00")}");

    /// <summary>One line about something a guard has found.</summary>
    public static string Line(RunAlarm alarm) => $"step {alarm.Step}, guard {alarm.Guard} ({alarm.Action}): {alarm.Text}";

    /// <summary>How long the rest may take, from the newest steps.</summary>
    public static TimeSpan TimeLeft(IReadOnlyList<StepSummary> done, int steps)
    {
        if (done.Count == 0)
            return TimeSpan.Zero;
        double mean = done.TakeLast(Recent).Average(step => step.Seconds);
        return TimeSpan.FromSeconds(mean * Math.Max(0, steps - done[^1].Step));
    }

    /// <summary>A length of time such as <c>1:05</c>.</summary>
    public static string Remaining(TimeSpan left) => left.TotalHours >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalHours}:{left:mm\\:ss}")
        : left.ToString("m\\:ss", CultureInfo.InvariantCulture);
}
