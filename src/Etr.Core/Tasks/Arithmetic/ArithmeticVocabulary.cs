namespace Etr.Core.Tasks.Arithmetic;

/// <summary>
/// The text pieces of which every prompt and chain of the <c>arithmetic</c> task is made. A tokenizer that maps each piece
/// to one token reads the task without loss: no piece is a prefix of a text that another reading could share, so taking the
/// longest piece at each place is the only reading.
/// </summary>
public static class ArithmeticVocabulary
{
    /// <summary>The blank line that ends a reasoning step.</summary>
    public const string StepBreak = "\n\n";

    /// <summary>What opens a re-check that repairs (style D).</summary>
    public const string Check = "check ";

    /// <summary>What ends a re-check that agrees with the line.</summary>
    public const string Agreed = " ok";

    /// <summary>What stands in a re-check before the right line, where the line was wrong (style D).</summary>
    public const string Refuted = " no ";

    /// <summary>Words that open a hedged re-check (style A).</summary>
    public static IReadOnlyList<string> Hedges { get; } = ["wait ", "hmm ", Check];

    /// <summary>The second, meaningless choice of a hedged re-check (style A).</summary>
    public static IReadOnlyList<string> Markers { get; } = ["h0 ", "h1 ", "h2 ", "h3 "];

    /// <summary>The eight words an uncertain opening (style B) is drawn from.</summary>
    public static IReadOnlyList<string> Openings { get; } =
        ["amber ", "birch ", "cedar ", "delta ", "ember ", "fjord ", "grove ", "heath "];

    /// <summary>
    /// Pieces of styles A, B and C, in the order of their token ids; special tokens are the tokenizer's and not among them. The
    /// shipped policies hold weights for this order.
    /// </summary>
    public static IReadOnlyList<string> Pieces { get; } =
    [
        StepBreak,
        .. Enumerable.Range(0, 10).Select(digit => digit.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        "+", "-", "*", "=", "~", "?", ".",
        "1)", "2)", "3)", "4)", "5)",
        "[A]", "[B]", "[C]",
        "answer", Agreed, "maybe ",
        .. Hedges, .. Markers, .. Openings,
    ];

    /// <summary>
    /// All pieces of some styles. Style D's own two come last, and only where D is among the styles: every other piece keeps its
    /// id, and a vocabulary without D is what it was before there was a D.
    /// </summary>
    public static IReadOnlyList<string> PiecesOf(IReadOnlyCollection<ArithmeticStyle> styles)
    {
        ArgumentNullException.ThrowIfNull(styles);
        return styles.Contains(ArithmeticStyle.D) ? [.. Pieces, "[D]", Refuted] : Pieces;
    }
}
