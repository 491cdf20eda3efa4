namespace Etr.Policy.Tokenizers;

/// <summary>
/// A text that knows of each character whether it is control (written by a template, so that added tokens in it are tokens) or given
/// (a prompt's own: whatever it holds is text, even where it spells <c>&lt;|im_end|&gt;</c>). Immutable.
/// </summary>
public sealed class MarkedText
{
    private readonly bool _first;
    private readonly bool[]? _control;

    private MarkedText(string text, bool first, bool[]? control) => (Text, _first, _control) = (text, first, control);

    /// <summary>No characters.</summary>
    public static MarkedText Empty { get; } = new("", true, null);

    /// <summary>The characters.</summary>
    public string Text { get; }

    /// <summary>Number of UTF-16 characters.</summary>
    public int Length => Text.Length;

    /// <summary>Whether every character is control.</summary>
    public bool IsAllControl => _control is null && _first;

    /// <summary>Whether every character is given.</summary>
    public bool IsAllGiven => _control is null && !_first;

    /// <summary>Text in which added tokens are recognised.</summary>
    public static MarkedText Control(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new MarkedText(text, true, null);
    }

    /// <summary>Text in which no added token is recognised.</summary>
    public static MarkedText Given(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new MarkedText(text, false, null);
    }

    /// <summary>Several texts in a row.</summary>
    public static MarkedText Concat(IReadOnlyList<MarkedText> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        MarkedText[] filled = [.. parts.Where(part => part.Length > 0)];
        if (filled.Length < 2)
            return filled.Length == 0 ? Empty : filled[0];
        string text = string.Concat(filled.Select(part => part.Text));
        if (filled.All(part => part._control is null && part._first == filled[0]._first))
            return new MarkedText(text, filled[0]._first, null);
        bool[] control = new bool[text.Length];
        int at = 0;
        foreach (MarkedText part in filled)
        {
            if (part._control is null)
                control.AsSpan(at, part.Length).Fill(part._first);
            else
                part._control.CopyTo(control, at);
            at += part.Length;
        }

        return new MarkedText(text, false, control);
    }

    /// <summary>A stretch of it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It does not lie within the text.</exception>
    public MarkedText Slice(int start, int length) =>
        start == 0 && length == Length ? this : new MarkedText(Text.Substring(start, length), _first, _control?.AsSpan(start, length).ToArray());

    /// <summary>Other characters, as many, each marked as the one in its place is.</summary>
    /// <exception cref="ArgumentException">They are more or fewer.</exception>
    public MarkedText WithText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Length == Length ? new MarkedText(text, _first, _control) : throw new ArgumentException("as many characters are needed", nameof(text));
    }

    /// <summary>Whether every character of a stretch is control.</summary>
    public bool IsControl(int start, int length) => _control is null ? _first : !_control.AsSpan(start, length).Contains(false);

    /// <inheritdoc/>
    public override string ToString() => Text;
}
