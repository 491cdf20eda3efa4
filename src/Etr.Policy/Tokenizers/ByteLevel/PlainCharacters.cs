using System.Globalization;
using System.Text;

namespace Etr.Policy.Tokenizers.ByteLevel;

/// <summary>
/// A text as a regular expression is to see it: .NET matches UTF-16 units, and of a character beyond U+FFFF it sees two surrogates
/// where the pattern's author meant a letter. Here another character of the same general category stands in for each.
/// </summary>
internal sealed class PlainCharacters
{
    private static readonly char[] StandIns = [.. Enum.GetValues<UnicodeCategory>().OrderBy(category => (int)category).Select(FirstOf)];
    private readonly int[]? _starts;

    public PlainCharacters(string text)
    {
        Text = text;
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
            return;
        var plain = new StringBuilder(text.Length);
        var starts = new List<int>(text.Length + 1);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            plain.Append(rune.IsBmp ? (char)rune.Value : StandIns[(int)Rune.GetUnicodeCategory(rune)]);
            starts.Add(at);
            at += rune.Utf16SequenceLength;
        }

        starts.Add(at);
        Text = plain.ToString();
        _starts = [.. starts];
    }

    /// <summary>One UTF-16 unit for each character.</summary>
    public string Text { get; }

    /// <summary>Where a place in <see cref="Text"/> is in the original.</summary>
    public int Original(int place) => _starts is null ? place : _starts[place];

    // From blocks that no split pattern names, so that only the category counts.
    private static char FirstOf(UnicodeCategory category)
    {
        foreach ((int from, int to) in new[] { (0xA700, 0xABFF), (0x2000, 0x2FFF), (0x0080, 0xFFFF) })
        {
            for (int character = from; character <= to; character++)
            {
                if (CharUnicodeInfo.GetUnicodeCategory((char)character) == category)
                    return (char)character;
            }
        }

        return '\uFFFD';
    }
}
