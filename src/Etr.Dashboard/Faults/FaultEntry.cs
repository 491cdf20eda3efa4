using Etr.Dashboard.History;
using Etr.Dashboard.Wall;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Faults;

/// <summary>Something that went wrong in a run.</summary>
/// <param name="Step">Where it stands in training: the last step committed before it.</param>
/// <param name="At">When it was told of; null where only the step is known.</param>
/// <param name="Kind">group, guard, run, skipped or evaluation.</param>
/// <param name="Text">In words.</param>
/// <param name="Ordinal">Its group; −1 where none is meant.</param>
/// <param name="Prompt">Its prompt; −1 where none is meant.</param>
public sealed record FaultEntry(int Step, DateTimeOffset? At, string Kind, string Text, long Ordinal, int Prompt)
{
    /// <summary>The kinds, in the order of the timeline.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["group", "guard", "skipped", "evaluation", "run"];

    /// <summary>The glyph of a kind.</summary>
    public static string Glyph(string kind) => kind switch
    {
        "group" => "▲",
        "guard" => "◆",
        "skipped" => "✕",
        "evaluation" => "■",
        _ => "●",
    };

    /// <summary>What the feed, the run and its steps tell, the newest first. The wall also has what the run remembers from before this server.</summary>
    internal static IReadOnlyList<FaultEntry> Of(RunStatus status, RunHistory history, RunWall wall)
    {
        var entries = new List<FaultEntry>();
        lock (wall)
            entries.AddRange(wall.Faults.Where(fault => fault.Kind != "guard").Select(fault => new FaultEntry(fault.Step, fault.At, fault.Kind, fault.Text, fault.Ordinal, fault.Prompt)));
        entries.AddRange(status.Alarms.Select(alarm => new FaultEntry(alarm.Step, null, "guard", $"{alarm.Guard} ({alarm.Action}): {alarm.Text}", -1, -1)));
        entries.AddRange(status.Evaluations.Where(found => found.Failure.Length > 0)
            .Select(found => new FaultEntry(found.Step, null, "evaluation", $"policy version {found.Step} could not be evaluated: {found.Failure}", -1, -1)));
        lock (history)
            entries.AddRange(history.Skipped.Select(step => new FaultEntry(step, null, "skipped", $"the update of step {step} was skipped: loss or gradients were not finite", -1, -1)));
        if (status.State == RunState.Failed && entries.All(entry => entry.Text != status.Reason))
            entries.Add(new FaultEntry(status.Step, null, "run", status.Reason, -1, -1));
        return [.. entries.Distinct().OrderByDescending(entry => entry.Step).ThenByDescending(entry => entry.At)];
    }
}
