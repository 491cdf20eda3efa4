using Etr.Grains.Feed;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Wall;

/// <summary>A fault that a run survived, or that ended it.</summary>
/// <param name="At">When it was told of.</param>
/// <param name="Step">The last step that had been committed then: where it stands in training.</param>
/// <param name="Kind">guard, group or run.</param>
/// <param name="Ordinal">The group's ordinal; −1 where no group is meant.</param>
/// <param name="Prompt">The prompt's index; −1 where none is meant.</param>
/// <param name="Text">In words.</param>
public sealed record RunFault(DateTimeOffset At, int Step, string Kind, long Ordinal, int Prompt, string Text)
{
    private const int LongestText = 2_000;

    internal static RunFault Of(in RolloutEvent happened, int lastStep)
    {
        var kind = KindOf(happened.Text);
        // What a guard and a run say has their step in the place of the ordinal.
        var step = kind == "group" ? lastStep : (int)Math.Clamp(happened.Ordinal, 0, int.MaxValue);
        return new RunFault(happened.At, step, kind, kind == "group" ? happened.Ordinal : -1, kind == "group" ? happened.Prompt : -1, Short(happened.Text));
    }

    internal static RunFault Of(RunFaultNote note) => new(note.At, note.Step, KindOf(note.Text), note.Ordinal, note.Prompt, Short(note.Text));

    private static string Short(string text) => text.Length <= LongestText ? text : text[..LongestText] + "…";

    private static string KindOf(string text) =>
        text.StartsWith("guard ", StringComparison.Ordinal) ? "guard" : text.StartsWith("group ", StringComparison.Ordinal) ? "group" : "run";
}
