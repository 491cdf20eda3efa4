namespace Etr.Grains.Waits;

/// <summary>What one grain waits for, kept up to date by it: the same words keep their beginning.</summary>
internal sealed class WaitNote(string who, TimeProvider time)
{
    private string _what = "";
    private long _since;
    private long _noted;
    private TimeSpan _deadline;

    /// <summary>Notes what is waited for, and after how long the grain acts by itself.</summary>
    public void Set(string what, TimeSpan deadline)
    {
        _noted = time.GetTimestamp();
        if (_what != what)
            (_what, _since) = (what, _noted);
        _deadline = deadline;
    }

    public void Clear() => _what = "";

    /// <summary>The wait as it stands; null where there is none.</summary>
    public Wait? Current => _what.Length == 0 ? null : new Wait
    {
        Who = who,
        What = _what,
        Seconds = time.GetElapsedTime(_since).TotalSeconds,
        DeadlineSeconds = Math.Max(0, (_deadline - time.GetElapsedTime(_noted)).TotalSeconds),
    };
}
