namespace Etr.Grains.Runs;

/// <summary>A fault that a run remembers: what the feed told when it happened.</summary>
/// <param name="At">When.</param>
/// <param name="Step">The last step that was committed then.</param>
/// <param name="Ordinal">The group's ordinal; −1 where no group is meant.</param>
/// <param name="Prompt">The prompt's index; −1 where none is meant.</param>
/// <param name="Text">In words, at most <see cref="LongestText"/> characters.</param>
[GenerateSerializer, Immutable, Alias("etr.run-fault-note")]
public sealed record RunFaultNote(
    [property: Id(0)] DateTimeOffset At,
    [property: Id(1)] int Step,
    [property: Id(2)] long Ordinal,
    [property: Id(3)] int Prompt,
    [property: Id(4)] string Text)
{
    /// <summary>Most that a run remembers; the oldest are forgotten.</summary>
    public const int Most = 200;

    /// <summary>Characters kept of a text.</summary>
    public const int LongestText = 300;

    /// <summary>The notes with one more, bounded.</summary>
    internal static RunFaultNote[] Add(RunFaultNote[] notes, RunFaultNote note) =>
        [.. notes.TakeLast(Most - 1), note.Text.Length <= LongestText ? note : note with { Text = note.Text[..(LongestText - 1)] + "…" }];
}
