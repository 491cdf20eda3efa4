namespace Etr.Core.Statistics;

/// <summary>Counts the words by which a chain of thought doubts itself or checks again.</summary>
public static class Reflections
{
    private static readonly string[] Words =
        ["wait", "hmm", "check", "recheck", "maybe", "alternatively", "actually", "verify", "reconsider", "however"];

    /// <summary>Counts whole words, in any case.</summary>
    /// <param name="text">The response.</param>
    /// <returns>How many there are.</returns>
    public static int Count(ReadOnlySpan<char> text)
    {
        var count = 0;
        while (!text.IsEmpty)
        {
            var length = 0;
            while (length < text.Length && char.IsLetter(text[length]))
                length++;
            if (length > 0 && IsReflection(text[..length]))
                count++;
            text = text[Math.Max(1, length)..];
        }

        return count;
    }

    private static bool IsReflection(ReadOnlySpan<char> word)
    {
        foreach (var reflection in Words)
        {
            if (word.Equals(reflection, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
