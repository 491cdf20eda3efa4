using System.Globalization;
using Etr.Dashboard.Charts;
using Etr.Grains.Groups;

namespace Etr.Dashboard.Prompts;

/// <summary>What a trace is called on every part of the page.</summary>
internal static class TraceWords
{
    /// <summary>From which entropy (nats) on a token has a shade.</summary>
    public static IReadOnlyList<double> ShadeFloors { get; } = [0, 0.1, 0.4, 0.9, 1.5, 2.2];

    /// <summary>The shade of a token of this entropy (nats).</summary>
    public static int Shade(double entropy)
    {
        var shade = ShadeFloors.Count - 1;
        while (shade > 0 && !(entropy >= ShadeFloors[shade]))
            shade--;
        return shade;
    }

    public static string Verdict(TraceView trace) => trace.Verdict switch
    {
        1 => "right",
        0 => "wrong",
        _ => trace.Ended ? "not graded" : trace.Attempt == 0 ? "not begun" : "being drawn",
    };

    /// <summary>What the reward holds beside correctness and trend: what the length paid or cost.</summary>
    public static double LengthReward(TraceView trace) =>
        trace.Reward - trace.CorrectnessReward - trace.TrendReward is var rest && Math.Abs(rest) < 5e-5 ? 0 : rest;

    /// <summary>The policy versions that drew a trace.</summary>
    public static string Versions(TraceView trace) => trace.NewestVersion < 0 ? Figures.None
        : trace.OldestVersion == trace.NewestVersion ? trace.NewestVersion.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{trace.OldestVersion}–{trace.NewestVersion}");

    /// <summary>A sampler–learner gap with its sign (nats), however small.</summary>
    public static string Gap(double nats) =>
        nats == 0 ? "0" : Math.Abs(nats) >= 0.001 ? Figures.Signed(nats, 4) : (nats > 0 ? "+" : "") + Figures.Small(nats);

    /// <summary>Why a trace's sampler–learner gaps are not known; empty where they are.</summary>
    /// <param name="gaps">The group's; null while they are being read.</param>
    /// <param name="slot">The trace.</param>
    public static string WhyNoGaps(GroupGaps? gaps, int slot) => gaps?.State switch
    {
        null => "being read",
        GapState.NotTrained => "not known yet: the group has not been trained on",
        GapState.NeverTrained => "none: the group was not trained on",
        GapState.NotKept => "not kept by the step that trained on it",
        GapState.Unreadable => "kept, but cannot be read now",
        _ => Array.Exists(gaps.Traces, trace => trace.Slot == slot) ? "" : "none: the step did not pass this trace through the model",
    };

    public static string Glyph(TraceView trace) => trace.Verdict switch
    {
        1 => "✓",
        0 => "✕",
        _ => trace.Ended ? "■" : trace.Attempt == 0 ? "○" : "●",
    };

    public static string Tone(TraceView trace) => trace.Verdict switch
    {
        1 => "right-text",
        0 => "bad-text",
        _ => "",
    };
}
