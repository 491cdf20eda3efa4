using Etr.Grains.Runs;

namespace Etr.Dashboard.Shell;

/// <summary>One of the views of a run, in the order of the bar.</summary>
/// <param name="Name">Its name in code.</param>
/// <param name="Title">Its name for people.</param>
/// <param name="Path">What follows the run in its URL.</param>
/// <param name="Digit">The key that opens it.</param>
internal sealed record RunView(string Name, string Title, string Path, int Digit)
{
    /// <summary>The views that the bar always has; the eighth, a prompt, is reached from the wall.</summary>
    public static IReadOnlyList<RunView> All { get; } =
    [
        new("overview", "Overview", "", 1),
        new("wall", "Entropy wall", "/wall", 2),
        new("training", "Training", "/training", 3),
        new("trend", "Trend and length", "/trend", 4),
        new("cluster", "Cluster", "/cluster", 5),
        new("faults", "Faults", "/faults", 6),
        new("runs", "Runs", "/compare", 7),
    ];

    /// <summary>A run's state with its glyph.</summary>
    public static string Word(RunState state) => state switch
    {
        RunState.Running => "● running",
        RunState.Paused => "❚❚ paused",
        RunState.Completed => "✓ completed",
        RunState.Failed => "✕ failed",
        _ => "unknown",
    };

    /// <summary>Its page for a run.</summary>
    public string Link(string run) => $"/runs/{Uri.EscapeDataString(run)}{Path}";
}
