namespace Etr.Benchmarks.Grading;

/// <summary>Responses that are made to take long: deep, wide, repetitive, and almost what a pattern looks for.</summary>
internal static class HostileAnswers
{
    private const int Answer = 990;
    private const int Response = 16_384;

    /// <summary>Response and gold answer of each, with a name.</summary>
    public static IEnumerable<(string Name, string Response, string Gold)> All()
    {
        foreach ((string name, string answer) in Answers())
        {
            yield return ($"boxed {name}", $"\\boxed{{{answer}}}", "42");
            yield return ($"boxed {name}, against itself but one", $"\\boxed{{{answer}}}", answer[..^1] + "7");
            yield return ($"gold {name}", "\\boxed{42}", answer);
        }

        foreach (string piece in (string[])["$", "\\(", "\\[", "[", "*", "**a", "\\boxed{", "\\boxed", "{", "}", "1,", "1 ", "-", "1/", ".", "answer is ", "answer = ", "A: ", "####", "\n", " ", "a ", "$1", "\\(1", "1.", "x=", "A ", "answer: A\n", "\\\\", "$$1", "e^", "\\frac"])
        {
            yield return ($"16k of '{piece.Replace("\n", "\\n", StringComparison.Ordinal)}'", Repeat(piece, Response), "42");
            yield return ($"16k of '{piece.Replace("\n", "\\n", StringComparison.Ordinal)}', choice", Repeat(piece, Response), "C");
            yield return ($"gold of '{piece.Replace("\n", "\\n", StringComparison.Ordinal)}'", "\\boxed{42}", Repeat(piece, Response));
        }
    }

    private static IEnumerable<(string Name, string Answer)> Answers()
    {
        yield return ("digits", new string('9', Answer));
        yield return ("powers", Repeat("9^", Answer) + "9");
        yield return ("tower", Repeat("2^{", 400) + "2" + Repeat("}", 200));
        yield return ("big power", "7^{2900}+" + Repeat("3^{5000}+", Answer - 20) + "1");
        yield return ("product of powers", Repeat("7^{2900}*", Answer - 20) + "1");
        yield return ("sum of fractions", Repeat("1/99991+1/99989+", Answer - 20) + "1");
        yield return ("continued fraction", Repeat("\\frac{1}{1+", 400) + "1" + Repeat("}", 37));
        yield return ("factorials", Repeat("99!*", Answer - 20) + "1");
        yield return ("roots", Repeat("\\sqrt{", 240) + "2" + Repeat("}", 40));
        yield return ("brackets", Repeat("(", 400) + "1" + Repeat(")", 400));
        yield return ("open brackets", Repeat("(", Answer));
        yield return ("bars", Repeat("|", Answer));
        yield return ("wide list", Repeat("x^2+1,", Answer - 10) + "1");
        yield return ("long list of formulas", string.Join(',', Enumerable.Range(0, 60).Select(i => $"\\sqrt{{{i}}}x+{i}")));
        yield return ("lists in lists", Repeat("(1,", 400) + "1" + Repeat(")", 130));
        yield return ("sets in sets", Repeat("\\{1,", 400) + "1" + Repeat("\\}", 200));
        yield return ("letters", Repeat("xyz ", Answer));
        yield return ("variables", string.Join('+', Enumerable.Range(0, 200).Select(i => $"a_{{{i}}}"))[..Answer]);
        yield return ("product of sums", Repeat("(a+b+c+d)", Answer));
        yield return ("equations", Repeat("x=", Answer - 4) + "1");
        yield return ("inequalities", Repeat("x<", Answer - 4) + "1");
        yield return ("unions", Repeat("(1,2)\\cup", Answer - 10) + "(3,4)");
        yield return ("ratios", Repeat("1:", 120) + "1");
        yield return ("signs", Repeat("-", Answer - 4) + "1");
        yield return ("pluses", Repeat("+", Answer - 4) + "1");
        yield return ("plus or minus", Repeat("\\pm 1", 300));
        yield return ("mixed fractions", Repeat("2\\frac58", Answer - 10));
        yield return ("units", "5" + Repeat(" cm", Answer - 4));
        yield return ("unit words", Repeat("1 a", Answer - 4));
        yield return ("words", Repeat("a ", Answer - 4));
        yield return ("spaces", "1" + new string(' ', Answer - 4) + "and");
        yield return ("and", Repeat("1 and ", 300) + "1");
        yield return ("matrix", "\\begin{pmatrix}" + Repeat("1&", 100) + "1\\end{pmatrix}");
        yield return ("rows", "\\begin{pmatrix}" + Repeat("1\\\\", 200) + "1\\end{pmatrix}");
        yield return ("begins", Repeat("\\begin{pmatrix}", Answer));
        yield return ("braces", Repeat("{", 450) + "1" + Repeat("}", 450));
        yield return ("texts", Repeat("\\text{", 480) + "1" + Repeat("}", 80));
        yield return ("sines", Repeat("\\sin ", 180) + "x");
        yield return ("trigonometry", Repeat("\\tan{x}\\sin{y}+", Answer - 20) + "1");
        yield return ("permuted sum", string.Join('+', Enumerable.Range(0, 60).Select(i => $"{i}x^{{{i % 9}}}")));
        yield return ("subscripts", Repeat("a_", Answer));
        yield return ("decimal", "0." + new string('3', Answer - 4));
        yield return ("divisions", Repeat("1/", Answer - 4) + "3");
    }

    private static string Repeat(string piece, int length) => string.Concat(Enumerable.Repeat(piece, Math.Max(1, length / piece.Length)));
}
