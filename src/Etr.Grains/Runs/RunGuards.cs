using System.Globalization;
using Etr.Core.Runs;

namespace Etr.Grains.Runs;

/// <summary>Something a guard has found.</summary>
/// <param name="Guard">Which guard: <c>lengthening</c> or <c>opening</c>.</param>
/// <param name="Step">The step after which it acted.</param>
/// <param name="Action">What it did: <c>warn</c>, <c>trend-off</c> or <c>stop</c>.</param>
/// <param name="Text">What was seen, and what to try, in words.</param>
[GenerateSerializer, Immutable, Alias("etr.run-alarm")]
public sealed record RunAlarm([property: Id(0)] string Guard, [property: Id(1)] int Step, [property: Id(2)] string Action, [property: Id(3)] string Text);

/// <summary>What a guard reads off the newest steps.</summary>
/// <param name="Mean">The mean that it looks at.</param>
/// <param name="Limit">The guard acts where the mean is above it.</param>
/// <param name="Steps">Over how many steps.</param>
internal readonly record struct GuardReading(double Mean, double Limit, int Steps);

/// <summary>What the guards have seen of the newest steps.</summary>
[GenerateSerializer, Alias("etr.guard-record")]
internal sealed class GuardRecord
{
    /// <summary>r(R, length) of the newest steps in which it was defined.</summary>
    [Id(0)] public double[] Correlations { get; set; } = [];

    /// <summary>H_1 (nats) of the newest steps.</summary>
    [Id(1)] public double[] Openings { get; set; } = [];

    /// <summary>H_1 (nats) of the run's first step; null before it.</summary>
    [Id(2)] public double? FirstOpening { get; set; }

    /// <summary>What was found, in order.</summary>
    [Id(3)] public RunAlarm[] Alarms { get; set; } = [];

    /// <summary>Whether groups opened from now on are paid for correctness alone.</summary>
    [Id(4)] public bool TrendOff { get; set; }
}

/// <summary>The guards: the rules alone, without a grain around them.</summary>
internal static class RunGuards
{
    public const string Lengthening = "lengthening";
    public const string Opening = "opening";
    private const string Stop = "stop";
    private const string TrendOff = "trend-off";

    /// <summary>
    /// Looks at a committed step. Returns the alarms it gave, each guard's once a run; none where the trend is not paid for, since it
    /// is measured then and moves nothing.
    /// </summary>
    public static IReadOnlyList<RunAlarm> Look(RunRecord run, StepSummary summary, GuardOptions options, bool paysTrend)
    {
        GuardRecord seen = run.Guards;
        if (!paysTrend || seen.TrendOff)
            return [];
        seen.FirstOpening ??= summary.FirstStepEntropy;
        if (double.IsFinite(summary.TrendLengthCorrelation))
            seen.Correlations = [.. seen.Correlations.TakeLast(options.Window - 1), summary.TrendLengthCorrelation];
        seen.Openings = [.. seen.Openings.TakeLast(options.Window - 1), summary.FirstStepEntropy];

        var alarms = new List<RunAlarm>();
        if (LengtheningOf(seen, options) is { } lengthens)
            Raise(Lengthening, options.Lengthening, lengthens);
        if (OpeningOf(seen, options) is { } opens)
            Raise(Opening, options.Opening, opens);
        return alarms;

        void Raise(string guard, string action, string text)
        {
            if (action == "none" || seen.Alarms.Any(known => known.Guard == guard))
                return;
            var alarm = new RunAlarm(guard, summary.Step, action, text);
            alarms.Add(alarm);
            seen.Alarms = [.. seen.Alarms, alarm];
            seen.TrendOff |= action == TrendOff;
            if (action == Stop && run.State == RunState.Running)
                (run.State, run.Reason) = (RunState.Paused, $"Guard: {text}");
        }
    }

    /// <summary>The mean r(R, length); null before there are enough steps.</summary>
    public static GuardReading? ReadLengthening(GuardRecord seen, GuardOptions options) =>
        seen.Correlations.Length < options.Window ? null : new GuardReading(seen.Correlations.Average(), 0, options.Window);

    /// <summary>The mean H_1 and what it may rise to; null before there are enough steps.</summary>
    public static GuardReading? ReadOpening(GuardRecord seen, GuardOptions options)
    {
        double first = seen.FirstOpening ?? 0;
        double limit = first + Math.Max(options.OpeningFloor, options.OpeningRise * first);
        return seen.Openings.Length < options.Window ? null : new GuardReading(seen.Openings.Average(), limit, options.Window);
    }

    private static string? LengtheningOf(GuardRecord seen, GuardOptions options)
    {
        if (ReadLengthening(seen, options) is not ({ Mean: var mean } reading) || mean <= reading.Limit)
            return null;
        return string.Create(CultureInfo.InvariantCulture, $"r(R, length) was {mean:+0.00} on average over {options.Window} steps: among right traces the longer ones have the higher trend, and it is paid for. Where α > 0, shaper guarded is the way out; else the trend has nothing more to shorten: lower its weight, or end the run.");
    }

    private static string? OpeningOf(GuardRecord seen, GuardOptions options)
    {
        if (ReadOpening(seen, options) is not ({ Mean: var mean } reading) || mean <= reading.Limit)
            return null;
        double first = seen.FirstOpening ?? 0;
        return string.Create(CultureInfo.InvariantCulture, $"H_1 was {mean:0.000} nats on average over {options.Window} steps, {first:0.000} at the start: the policy opens with more uncertainty than it did. Where α > 0 that is paid for, and shaper guarded (α = 0) is the way out.");
    }
}
