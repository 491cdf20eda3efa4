namespace Etr.Silo.Endpoint;

/// <summary>
/// A trace's text on its way to a client that named texts to stop at: what may yet become one is held back, what one begins is never
/// let through.
/// </summary>
internal sealed class StopTexts(IReadOnlyList<string> stops)
{
    private string _held = "";

    /// <summary>Whether a stop was met: nothing more follows.</summary>
    public bool Met { get; private set; }

    /// <summary>Takes the text of the next token; gives what may be shown.</summary>
    public string Append(string text)
    {
        if (Met)
            return "";
        if (stops.Count == 0)
            return text;
        _held += text;
        int first = stops.Select(stop => _held.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
        if (first >= 0)
        {
            Met = true;
            return _held[..first];
        }

        int keep = stops.Max(LongestBeginning);
        string shown = _held[..^keep];
        _held = _held[^keep..];
        return shown;
    }

    /// <summary>What was held back, when the trace has ended without a stop.</summary>
    public string Finish()
    {
        (string held, _held) = (_held, "");
        return Met ? "" : held;
    }

    // The longest end of what is held that a stop begins with.
    private int LongestBeginning(string stop)
    {
        for (int length = Math.Min(stop.Length - 1, _held.Length); length > 0; length--)
        {
            if (_held.AsSpan(_held.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                return length;
        }

        return 0;
    }
}
