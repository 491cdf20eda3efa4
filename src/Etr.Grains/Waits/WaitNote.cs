namespace Etr.Grains.Waits;

/// <summary>What one grain waits for, kept up to date by it: the same words keep their beginning.</summary>
internal sealed class WaitNote(string who, TimeProvider time)
{
    private Line _noted;
    private Line _cover;

    /// <summary>Notes what is waited for, and after how long the grain acts by itself.</summary>
    public void Set(string what, TimeSpan deadline) => _noted = Renewed(_noted, what, deadline);

    public void Clear() => _noted = default;

    /// <summary>Says something else for as long as it is so; empty uncovers what was noted.</summary>
    public void Cover(string what, TimeSpan deadline) => _cover = what.Length == 0 ? default : Renewed(_cover, what, deadline);

    /// <summary>The wait as it stands; null where there is none.</summary>
    public Wait? Current => Told(_cover) ?? Told(_noted);

    private Line Renewed(Line line, string what, TimeSpan deadline)
    {
        long now = time.GetTimestamp();
        return new Line(what, line.What == what ? line.Since : now, now, deadline);
    }

    private Wait? Told(Line line) => line.What is not { Length: > 0 } what ? null : new Wait
    {
        Who = who,
        What = what,
        Seconds = time.GetElapsedTime(line.Since).TotalSeconds,
        DeadlineSeconds = Math.Max(0, (line.Deadline - time.GetElapsedTime(line.Noted)).TotalSeconds),
    };

    private readonly record struct Line(string? What, long Since, long Noted, TimeSpan Deadline);
}
