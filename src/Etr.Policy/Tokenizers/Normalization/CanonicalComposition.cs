using System.Text;

namespace Etr.Policy.Tokenizers.Normalization;

/// <summary>
/// Normalization Form C (Unicode Standard Annex 15). .NET leaves text as it is where it runs without ICU, as this program does, and
/// says nothing; tokens would then silently be others than the model was trained with.
/// </summary>
internal static class CanonicalComposition
{
    // Everything below is composed, starts a character and joins nothing before it.
    private const char FirstUnsettled = '\u0300';
    private const int HangulBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28;

    /// <summary>The text in Normalization Form C; the same object where it is in it already.</summary>
    /// <param name="text">Text without lone surrogates.</param>
    public static string Normalize(string text)
    {
        if (IsSettled(text))
            return text;
        var characters = new List<int>(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            Decompose(rune.Value, characters);
        Order(characters);
        Compose(characters);
        var result = new StringBuilder(characters.Count);
        foreach (int character in characters)
            result.Append(new Rune(character).ToString());
        return result.ToString();
    }

    private static bool IsSettled(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange('\0', (char)(FirstUnsettled - 1)))
            return true;
        CanonicalData data = CanonicalData.Instance;
        foreach (Rune rune in text.EnumerateRunes())
        {
            // Jamo compose by rule; the table has no line for them.
            bool jamo = rune.Value is >= VowelBase and < VowelBase + Vowels or > TailBase and < TailBase + Tails;
            if (rune.Value >= FirstUnsettled && (jamo || data.IsUnsettled(rune.Value)))
                return false;
        }

        return true;
    }

    private static void Decompose(int character, List<int> into)
    {
        int syllable = character - HangulBase;
        if (syllable is >= 0 and < Leads * Vowels * Tails)
        {
            into.Add(LeadBase + syllable / (Vowels * Tails));
            into.Add(VowelBase + syllable % (Vowels * Tails) / Tails);
            if (syllable % Tails > 0)
                into.Add(TailBase + syllable % Tails);
        }
        else if (CanonicalData.Instance.TryDecompose(character, out (int First, int Second) parts))
        {
            Decompose(parts.First, into);
            if (parts.Second >= 0)
                Decompose(parts.Second, into);
        }
        else
        {
            into.Add(character);
        }
    }

    // Combining marks in a row, by class and stably: many of one class are usual, so a sort and no exchanges.
    private static void Order(List<int> characters)
    {
        CanonicalData data = CanonicalData.Instance;
        for (int start = 0; start < characters.Count; start++)
        {
            int end = start;
            while (end < characters.Count && data.ClassOf(characters[end]) != 0)
                end++;
            if (end - start > 1)
            {
                int[] marks = [.. characters[start..end].OrderBy(character => data.ClassOf(character))];
                for (int i = 0; i < marks.Length; i++)
                    characters[start + i] = marks[i];
            }

            start = Math.Max(start, end - 1);
        }
    }

    private static void Compose(List<int> characters)
    {
        CanonicalData data = CanonicalData.Instance;
        int kept = 0;
        int starter = -1;
        int lastClass = 0;
        for (int i = 0; i < characters.Count; i++)
        {
            int character = characters[i];
            int own = data.ClassOf(character);
            // Nothing between the starter and this, or only marks of lower classes.
            bool reaches = starter >= 0 && (kept == starter + 1 || lastClass != 0 && lastClass < own);
            if (reaches && TryJoin(characters[starter], character, out int composed))
            {
                characters[starter] = composed;
                continue;
            }

            if (own == 0)
                starter = kept;
            lastClass = own;
            characters[kept++] = character;
        }

        characters.RemoveRange(kept, characters.Count - kept);
    }

    private static bool TryJoin(int first, int second, out int composed)
    {
        int lead = first - LeadBase, vowel = second - VowelBase, tail = second - TailBase, syllable = first - HangulBase;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
        {
            composed = HangulBase + (lead * Vowels + vowel) * Tails;
            return true;
        }

        if (syllable is >= 0 and < Leads * Vowels * Tails && syllable % Tails == 0 && tail is > 0 and < Tails)
        {
            composed = first + tail;
            return true;
        }

        return CanonicalData.Instance.TryCompose(first, second, out composed);
    }
}
