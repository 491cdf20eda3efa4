using System.Text;

namespace Etr.Core.Grading;

/// <summary>
/// Brings LaTeX and plain text to one spelling: no layout, one sign for each relation and operator, fonts and boxes opened.
/// Escaped braces become ⦃ and ⦄, so that sets can be told from groups.
/// </summary>
internal static class LatexNormalizer
{
    private static readonly Dictionary<string, string> Commands = new(StringComparer.Ordinal)
    {
        ["dfrac"] = "\\frac",
        ["tfrac"] = "\\frac",
        ["cfrac"] = "\\frac",
        ["left"] = "",
        ["right"] = "",
        ["big"] = "",
        ["Big"] = "",
        ["bigl"] = "",
        ["bigr"] = "",
        ["Bigl"] = "",
        ["Bigr"] = "",
        ["displaystyle"] = "",
        ["limits"] = "",
        ["quad"] = " ",
        ["qquad"] = " ",
        ["cdot"] = "*",
        ["times"] = "*",
        ["div"] = "/",
        ["le"] = "≤",
        ["leq"] = "≤",
        ["leqslant"] = "≤",
        ["ge"] = "≥",
        ["geq"] = "≥",
        ["geqslant"] = "≥",
        ["lt"] = "<",
        ["gt"] = ">",
        ["ne"] = "≠",
        ["neq"] = "≠",
        ["approx"] = "≈",
        ["in"] = "∈",
        ["cup"] = "∪",
        ["infty"] = "∞",
        ["pi"] = "π",
        ["pm"] = "±",
        ["mp"] = "∓",
        ["circ"] = "°",
        ["degree"] = "°",
        ["lbrace"] = "⦃",
        ["rbrace"] = "⦄",
        ["lvert"] = "|",
        ["rvert"] = "|",
        ["vert"] = "|",
        ["ldots"] = "...",
        ["dots"] = "...",
        ["boxed"] = "",
        ["text"] = " ",
        ["textbf"] = " ",
        ["textit"] = " ",
        ["textnormal"] = " ",
        ["textrm"] = " ",
        ["mathrm"] = "",
        ["mathbf"] = "",
        ["mathit"] = "",
        ["mbox"] = " ",
        ["operatorname"] = "",
        ["bf"] = "",
        ["rm"] = "",
    };

    private static readonly HashSet<string> TextCommands = new(StringComparer.Ordinal)
    {
        "boxed", "text", "textbf", "textit", "textnormal", "textrm", "mathrm", "mathbf", "mathit", "mbox", "operatorname",
    };

    /// <summary>Normalises an answer of bounded length.</summary>
    public static string Normalize(string answer)
    {
        var text = answer.Contains("\\begin", StringComparison.Ordinal) ? answer : CollapseBackslashes(answer);
        var output = new StringBuilder(text.Length);
        var opened = new Stack<int>();
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            switch (c)
            {
                case '\\':
                    i = Command(text, i, output, opened, ref depth);
                    break;
                case '{':
                    depth++;
                    output.Append(c);
                    break;
                case '}' when opened.TryPeek(out var open) && open == depth:
                    // The brace that closes \text{…}: its content stays, the brace goes.
                    opened.Pop();
                    depth--;
                    output.Append(' ');
                    break;
                case '}':
                    depth--;
                    output.Append(c);
                    break;
                default:
                    output.Append(Plain(c));
                    break;
            }
        }

        return Finish(output);
    }

    private static int Command(string text, int at, StringBuilder output, Stack<int> opened, ref int depth)
    {
        var end = at + 1;
        while (end < text.Length && char.IsAsciiLetter(text[end]))
            end++;
        if (end == at + 1)
            return Symbol(text, end, output);

        var name = text[(at + 1)..end];
        if (!Commands.TryGetValue(name, out var replacement))
        {
            output.Append('\\').Append(name);
            if (end < text.Length && char.IsAsciiLetterOrDigit(text[end]))
                output.Append(' ');
            return end - 1;
        }

        output.Append(replacement);
        var brace = end;
        while (brace < text.Length && text[brace] == ' ')
            brace++;
        if (!TextCommands.Contains(name) || brace >= text.Length || text[brace] != '{')
            return end - 1;
        opened.Push(++depth);
        return brace;
    }

    // A backslash and one other character.
    private static int Symbol(string text, int at, StringBuilder output)
    {
        if (at >= text.Length)
            return at;
        output.Append(text[at] switch
        {
            '{' => "⦃",
            '}' => "⦄",
            '%' => "%",
            '\\' => "\\\\",
            ',' or ';' or ':' or ' ' or '\n' => " ",
            '|' => "|",
            _ => "",
        });
        return at;
    }

    private static string Plain(char c) => c switch
    {
        '$' or '€' or '£' => "",
        '\n' or '\t' or '\r' or '~' or '\u00a0' => " ",
        '−' or '–' => "-",
        '×' or '·' or '⋅' => "*",
        '÷' => "/",
        '；' => ";",
        '，' => ",",
        '（' => "(",
        '）' => ")",
        _ => c.ToString(),
    };

    private static string Finish(StringBuilder output)
    {
        output.Replace("<=", "≤").Replace(">=", "≥").Replace("!=", "≠").Replace("**", "^").Replace("{,}", ",").Replace("^{°}", "°").Replace("^°", "°");
        while (true)
        {
            var length = output.Length;
            output.Replace("  ", " ");
            if (output.Length == length)
                break;
        }

        return output.ToString().Trim();
    }

    // Doubly escaped LaTeX, as it comes out of careless JSON. In a matrix two backslashes end a row.
    private static string CollapseBackslashes(string text) => text.Replace("\\\\", "\\", StringComparison.Ordinal);
}
