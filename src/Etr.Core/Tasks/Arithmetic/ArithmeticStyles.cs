namespace Etr.Core.Tasks.Arithmetic;

/// <summary>Styles as they are named in settings and options: a letter each, such as <c>ABC</c>.</summary>
public static class ArithmeticStyles
{
    /// <summary>Every style's letter.</summary>
    public const string Letters = "ABCD";

    /// <summary>What such a text looks like.</summary>
    public const string Pattern = $"^[{Letters}]{{1,4}}$";

    /// <summary>The styles a text names, in the order of the alphabet, each once, however they were typed.</summary>
    /// <exception cref="ArgumentException">A letter names no style, or there is none.</exception>
    public static IReadOnlyList<ArithmeticStyle> Parse(string letters)
    {
        ArgumentNullException.ThrowIfNull(letters);
        return AreIn(letters)
            ? [.. Enum.GetValues<ArithmeticStyle>().Where(style => letters.Contains(style.ToString()[0]))]
            : throw new ArgumentException($"'{letters}': expected letters of {Letters}", nameof(letters));
    }

    /// <summary>Whether a text is one or more letters, each of which names a style.</summary>
    public static bool AreIn(string letters)
    {
        ArgumentNullException.ThrowIfNull(letters);
        return letters.Length > 0 && letters.All(letter => Letters.Contains(letter));
    }
}
