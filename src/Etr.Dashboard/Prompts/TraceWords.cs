using Etr.Grains.Groups;

namespace Etr.Dashboard.Prompts;

/// <summary>What a trace is called on every part of the page.</summary>
internal static class TraceWords
{
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
