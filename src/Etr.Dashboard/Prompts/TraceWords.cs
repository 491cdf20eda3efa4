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
