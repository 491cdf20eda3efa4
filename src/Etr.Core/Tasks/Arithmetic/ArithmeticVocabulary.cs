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

    /// <summary>Words that open a hedged re-check (style A).</summary>
    public static IReadOnlyList<string> Hedges { get; } = ["wait ", "hmm ", "check "];

    /// <summary>The second, meaningless choice of a hedged re-check (style A).</summary>
    public static IReadOnlyList<string> Markers { get; } = ["h0 ", "h1 ", "h2 ", "h3 "];

    /// <summary>The eight words an uncertain opening (style B) is drawn from.</summary>
    public static IReadOnlyList<string> Openings { get; } =
        ["amber ", "birch ", "cedar ", "delta ", "ember ", "fjord ", "grove ", "heath "];

    /// <summary>All pieces, in the order of their token ids; special tokens are the tokenizer's and not among them.</summary>
    public static IReadOnlyList<string> Pieces { get; } =
    [
        StepBreak,
        .. Enumerable.Range(0, 10).Select(digit => digit.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        "+", "-", "*", "=", "~", "?", ".",
        "1)", "2)", "3)", "4)", "5)",
        "[A]", "[B]", "[C]",
        "answer", " ok", "maybe ",
        .. Hedges, .. Markers, .. Openings,
    ];
}
