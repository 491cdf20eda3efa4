using System.Globalization;
using System.Text;

namespace Etr.Dashboard.Shell;

/// <summary>
/// Text of models and data sets as it is shown: whatever can't be seen or would reorder its surroundings gets a visible
/// stand-in. Markup is no concern here: Razor encodes every string.
/// </summary>
internal static class Visible
{
    private const char ControlPictures = '\u2400';
    private const char DeletePicture = '\u2421';
    private const char NewLine = '⏎';

    /// <summary>On one line, for labels and tokens: line ends become ⏎.</summary>
    public static string Text(string? text) => Show(text, keepLines: false);

    /// <summary>With its line ends, for blocks that keep white space.</summary>
    public static string Block(string? text) => Show(text, keepLines: true);

    private static string Show(string? text, bool keepLines)
    {
        if (string.IsNullOrEmpty(text))
            return "";

        StringBuilder? shown = null;
        for (var i = 0; i < text.Length; i++)
        {
            // EnumerateRunes would hide lone surrogates behind U+FFFD without a word.
            var paired = Rune.TryGetRuneAt(text, i, out var rune);
            var standIn = paired ? StandIn(rune, keepLines) : $"‹U+{(int)text[i]:X4}›";
            if (standIn is not null)
                shown ??= new StringBuilder(text, 0, i, text.Length + 16);
            if (shown is not null && standIn is null)
                shown.Append(rune.ToString());
            else
                shown?.Append(standIn);
            if (paired)
                i += rune.Utf16SequenceLength - 1;
        }

        return shown?.ToString() ?? text;
    }

    private static string? StandIn(Rune rune, bool keepLines) => rune.Value switch
    {
        '\n' => keepLines ? null : NewLine.ToString(),
        '\t' => "→\u00A0",
        < 0x20 => ((char)(ControlPictures + rune.Value)).ToString(),
        0x7F => DeletePicture.ToString(),
        _ => IsInvisible(rune) ? $"‹U+{rune.Value:X4}›" : null,
    };

    /// <summary>Controls, bidirectional overrides and isolates, zero-width and private characters, separators of lines.</summary>
    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
