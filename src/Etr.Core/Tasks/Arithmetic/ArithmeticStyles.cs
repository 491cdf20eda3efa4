namespace Etr.Core.Tasks.Arithmetic;

/// <summary>Styles as they are named in settings and options: a letter each, such as <c>ABC</c>.</summary>
public static class ArithmeticStyles
{
    /// <summary>What such a text looks like.</summary>
    public const string Pattern = "^[ABCD]{1,4}$";

    /// <summary>The styles a text names, in the order of the alphabet, each once, however they were typed.</summary>
    /// <exception cref="ArgumentException">A letter names no style, or there is none.</exception>
    public static IReadOnlyList<ArithmeticStyle> Parse(string letters)
    {
        ArgumentException.ThrowIfNullOrEmpty(letters);
        ArithmeticStyle[] styles = [.. Enum.GetValues<ArithmeticStyle>().Where(style => letters.Contains(style.ToString()[0]))];
        return letters.All(letter => styles.Any(style => style.ToString()[0] == letter))
            ? styles
            : throw new ArgumentException($"'{letters}': expected letters of ABCD", nameof(letters));
    }
}
