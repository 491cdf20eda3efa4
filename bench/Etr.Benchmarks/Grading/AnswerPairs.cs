using System.Globalization;

namespace Etr.Benchmarks.Grading;

/// <summary>Pairs of a response and a gold answer as mathematical data sets have them, made from a seed; half of them are equal.</summary>
internal static class AnswerPairs
{
    private static readonly Func<Random, (string Answer, string Same, string Other)>[] Kinds =
    [
        random => Number(random.Next(-2000, 2000)),
        random => Number(random.Next(-2000, 2000)),
        random => Grouped(random.Next(1000, 9_999_999)),
        random => Fraction(random.Next(1, 40), random.Next(2, 40)),
        random => Decimal(random.Next(1, 999)),
        random => Percent(random.Next(1, 100)),
        random => Root(random.Next(2, 30), random.Next(2, 9)),
        random => Multiple(random.Next(1, 12), random.Next(2, 12)),
        random => Polynomial(random.Next(1, 9), random.Next(1, 9)),
        random => Equation(random.Next(2, 9), random.Next(1, 9)),
        random => Point(random.Next(-9, 10), random.Next(-9, 10)),
        random => Interval(random.Next(-9, 0), random.Next(1, 9)),
        random => Set(random.Next(-9, 0), random.Next(1, 9)),
        random => Matrix(random.Next(1, 9), random.Next(1, 9)),
        random => Unit(random.Next(1, 200)),
        random => Letter(random.Next(0, 5)),
    ];

    private static readonly Func<string, string>[] Frames =
    [
        answer => $"\\boxed{{{answer}}}",
        answer => $"So the value we look for follows from the two equations above.\n\nThe answer is ${answer}$.",
        answer => $"<think>\nFirst, $3 \\cdot 4 = 12$ and $12 - 5 = 7$.\n\nThen check: that fits both conditions.\n</think>\n\nTherefore the result is $\\boxed{{{answer}}}$.",
        answer => $"{string.Concat(Enumerable.Repeat("We substitute $x = 2$ into $x^2 + 3x - 4 = 6$ and see that both sides agree, so we go on.\n\n", 40))}Hence \\boxed{{{answer}}}",
    ];

    /// <summary>Makes pairs.</summary>
    public static IReadOnlyList<(string Response, string Gold, bool Equal)> Make(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            (string gold, string same, string other) = Kinds[random.Next(Kinds.Length)](random);
            bool equal = random.Next(2) == 0;
            return (Frames[random.Next(Frames.Length)](equal ? same : other), gold, equal);
        })];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static (string, string, string) Number(int value) => (Text($"{value}"), Text($"{value}"), Text($"{value + 1}"));

    private static (string, string, string) Grouped(int value) => (Text($"{value}"), Text($"{value:N0}"), Text($"{value + 10:N0}"));

    private static (string, string, string) Fraction(int up, int down) => (Text($"\\frac{{{up}}}{{{down}}}"), Text($"{3 * up}/{3 * down}"), Text($"\\dfrac{{{up}}}{{{down + 1}}}"));

    private static (string, string, string) Decimal(int hundredths) => (Text($"{hundredths / 100.0:0.00}"), Text($"\\frac{{{hundredths}}}{{100}}"), Text($"{(hundredths + 1) / 100.0:0.00}"));

    private static (string, string, string) Percent(int value) => (Text($"{value}\\%"), Text($"{value} percent"), Text($"{value + 1}\\%"));

    private static (string, string, string) Root(int inner, int outer) => (Text($"{outer}\\sqrt{{{inner}}}"), Text($"\\sqrt{{{outer * outer * inner}}}"), Text($"{outer}\\sqrt{{{inner + 1}}}"));

    private static (string, string, string) Multiple(int up, int down) => (Text($"\\frac{{{up}\\pi}}{{{down}}}"), Text($"{up}\\pi/{down}"), Text($"\\frac{{{up + 1}\\pi}}{{{down}}}"));

    private static (string, string, string) Polynomial(int a, int b) => (Text($"x^2 + {a + b}x + {a * b}"), Text($"(x+{a})(x+{b})"), Text($"(x+{a})(x-{b})"));

    private static (string, string, string) Equation(int slope, int shift) => (Text($"y = {slope}x + {shift}"), Text($"y={shift}+{slope}x"), Text($"y={slope}x-{shift}"));

    private static (string, string, string) Point(int x, int y) => (Text($"({x}, {y})"), Text($"\\left({x},{y}\\right)"), Text($"({x},{y + 1})"));

    private static (string, string, string) Interval(int low, int high) => (Text($"[{low}, {high})"), Text($"{low} \\le x < {high}"), Text($"({low},{high})"));

    private static (string, string, string) Set(int a, int b) => (Text($"\\{{{a}, {b}, 0\\}}"), Text($"{b}, 0, {a}"), Text($"{b}, 0"));

    private static (string, string, string) Matrix(int a, int b) => (
        Text($"\\begin{{pmatrix}} {a} & 0 \\\\ 1 & {b} \\end{{pmatrix}}"), Text($"\\begin{{bmatrix}}{a}&0\\\\1&{b}\\end{{bmatrix}}"), Text($"\\begin{{pmatrix}} {a} & 1 \\\\ 1 & {b} \\end{{pmatrix}}"));

    private static (string, string, string) Unit(int value) => (Text($"{value}\\text{{ cm}}^2"), Text($"{value}"), Text($"{value + 2}\\text{{ cm}}^2"));

    private static (string, string, string) Letter(int index) => ($"{(char)('A' + index)}", $"\\text{{{(char)('A' + index)}}}", $"{(char)('A' + (index + 1) % 5)}");
}
