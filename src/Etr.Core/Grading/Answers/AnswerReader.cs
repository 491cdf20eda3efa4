using System.Text.RegularExpressions;
using Etr.Core.Grading.Expressions;

namespace Etr.Core.Grading.Answers;

/// <summary>Reads an answer: what kind of thing it is, and its parts. docs/grading.md tells the conventions.</summary>
internal sealed partial class AnswerReader(GradingBudget budget)
{
    private const string Relations = "=<>≤≥≠≈∈";

    private int _depth;

    /// <summary>Reads an answer of bounded length.</summary>
    /// <exception cref="GradingBudgetException">It is too complex.</exception>
    public Answer Read(string answer)
    {
        if (answer.Length > GradingLimits.AnswerLength)
            return new TextAnswer(answer);
        var normal = LatexNormalizer.Normalize(ThousandsMarks().Replace(answer, ","));
        return ReadNormal(normal.TrimEnd('.', ',', ';', ' '));
    }

    private Answer ReadNormal(string text)
    {
        budget.Spend(text.Length + 1);
        if (++_depth > GradingLimits.Depth)
            throw new GradingBudgetException("the answer is nested too deeply");
        try
        {
            text = text.Trim();
            return ReadNumber(text) ?? ReadMatrix(text) ?? ReadList(text) ?? ReadRelation(text) ?? ReadUnion(text)
                ?? ReadBracketed(text) ?? ReadRatio(text) ?? ReadPlusMinus(text) ?? ReadScalar(text) ?? (Answer)new TextAnswer(text);
        }
        finally
        {
            _depth--;
        }
    }

    // Spellings of one number that would otherwise be read as lists or products.
    private ScalarAnswer? ReadNumber(string text)
    {
        var (body, unit) = SplitUnit(text);
        string? plain = null;
        if (GroupedDigits().IsMatch(body))
            plain = body.Replace(",", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal);
        else if (DecimalComma().IsMatch(body))
            plain = body.Replace(',', '.');
        else if (MixedNumber().Match(body) is { Success: true } mixed)
            plain = $"{mixed.Groups[1].Value}({mixed.Groups[2].Value}+{mixed.Groups[3].Value})";
        return plain is not null && ExpressionParser.Parse(plain, budget) is { } value ? new ScalarAnswer(text, value, unit) : null;
    }

    private Answer? ReadMatrix(string text)
    {
        if (Matrix().Match(text) is not { Success: true } match)
            return null;
        var cells = new List<Answer>();
        var columns = 0;
        foreach (var row in match.Groups[1].Value.Split("\\\\"))
        {
            if (string.IsNullOrWhiteSpace(row))
                continue;
            var read = row.Split('&').Select(ReadNormal).ToArray();
            if ((columns > 0 && read.Length != columns) || cells.Count + read.Length > GradingLimits.Items)
                return new TextAnswer(text);
            columns = read.Length;
            cells.AddRange(read);
        }

        return cells.Count == 0 ? new TextAnswer(text) : new MatrixAnswer(text, columns, cells);
    }

    private SequenceAnswer? ReadList(string text)
    {
        var (parts, found) = TopLevel.Split(Conjunction().Replace(text, ","), ";");
        if (found.Length == 0)
            (parts, found) = TopLevel.Split(parts[0], ",");
        parts.RemoveAll(part => part.Length == 0);
        return found.Length > 0 && parts.Count > 1
            ? new SequenceAnswer(text, SequenceKind.List, ' ', ' ', [.. parts.Select(ReadNormal)])
            : null;
    }

    private Answer? ReadRelation(string text)
    {
        var (parts, found) = TopLevel.Split(text, Relations);
        if (found.Length == 0 || parts.Any(part => part.Length == 0))
            return null;

        // "1/3 ≈ 0.333" says 1/3; "x ≈ 11" says 11.
        var about = found.IndexOf('≈', StringComparison.Ordinal);
        if (about >= 0)
        {
            var exact = string.Concat(parts.Take(about + 1).Select((part, i) => i < about ? part + found[i] : part));
            return about == 0 && IsName(parts[0]) ? ReadNormal(parts[1]) : ReadNormal(exact);
        }

        if (found == "∈")
            return new NamedAnswer(text, parts[0], ReadNormal(parts[1]));
        if (found.All(c => c == '='))
            return ReadEquation(text, parts);
        if (parts.Count == 3 && IsName(parts[1]) && AsInterval(text, parts, found) is { } interval)
            return interval;
        var sides = parts.Select(ReadScalar).ToArray();
        return sides.All(side => side is not null) ? new RelationAnswer(text, found, sides!) : null;
    }

    private Answer ReadEquation(string text, List<string> parts)
    {
        // A name and its value, or a computation written out to its result.
        if (IsName(parts[0]))
            return new NamedAnswer(text, Squeeze(parts[0]), ReadNormal(parts[^1]));
        var sides = parts.Select(ReadScalar).ToArray();
        if (sides.Any(side => side is null) || sides.All(side => !HasVariables(side!)))
            return ReadNormal(parts[^1]);
        return new RelationAnswer(text, new string('=', parts.Count - 1), sides!);
    }

    private SequenceAnswer? AsInterval(string text, List<string> parts, string found) => found switch
    {
        [('<' or '≤') and var low, ('<' or '≤') and var high] => new SequenceAnswer(
            text, SequenceKind.Bracketed, low == '<' ? '(' : '[', high == '<' ? ')' : ']', [ReadNormal(parts[0]), ReadNormal(parts[2])]),
        [('>' or '≥') and var high, ('>' or '≥') and var low] => new SequenceAnswer(
            text, SequenceKind.Bracketed, low == '>' ? '(' : '[', high == '>' ? ')' : ']', [ReadNormal(parts[2]), ReadNormal(parts[0])]),
        _ => null,
    };

    private SequenceAnswer? ReadUnion(string text)
    {
        var (parts, found) = TopLevel.Split(text, "∪");
        return found.Length > 0 ? new SequenceAnswer(text, SequenceKind.Union, ' ', ' ', [.. parts.Select(ReadNormal)]) : null;
    }

    private Answer? ReadBracketed(string text)
    {
        if (!TopLevel.IsWrapped(text))
            return null;
        var inner = text[1..^1].Trim();
        if (inner.Length == 0)
            return null;
        if (text[0] == '{')
            return ReadNormal(inner);

        // Inside brackets a comma separates, whatever the digits around it look like.
        var (parts, found) = TopLevel.Split(inner, ";");
        if (found.Length == 0)
            (parts, found) = TopLevel.Split(inner, ",");
        if (text[0] == '⦃')
            return new SequenceAnswer(text, SequenceKind.Set, text[0], text[^1], [.. parts.Select(ReadNormal)]);
        return found.Length == 0
            ? ReadNormal(inner)
            : new SequenceAnswer(text, SequenceKind.Bracketed, text[0], text[^1], [.. parts.Select(ReadNormal)]);
    }

    private SequenceAnswer? ReadRatio(string text)
    {
        var (parts, found) = TopLevel.Split(text, ":");
        return found.Length > 0 && parts.All(part => ReadScalar(part) is { } scalar && !HasVariables(scalar))
            ? new SequenceAnswer(text, SequenceKind.Ratio, ' ', ' ', [.. parts.Select(ReadNormal)])
            : null;
    }

    private SequenceAnswer? ReadPlusMinus(string text)
    {
        if (!text.Contains('±', StringComparison.Ordinal))
            return null;
        var upper = ReadScalar(text.Replace('±', '+').Replace('∓', '-'));
        var lower = ReadScalar(text.Replace('±', '-').Replace('∓', '+'));
        return upper is null || lower is null ? null : new SequenceAnswer(text, SequenceKind.List, ' ', ' ', [upper, lower]);
    }

    private ScalarAnswer? ReadScalar(string text)
    {
        var (body, unit) = SplitUnit(text);

        // A short unit would pass for a product of letters: 28 pct, 5 cm, 90°.
        var certain = unit.Length > 0 && CertainUnit().IsMatch(text);
        if (!certain && ExpressionParser.Parse(text, budget) is { } whole)
            return new ScalarAnswer(text, whole, "");
        return unit.Length > 0 && ExpressionParser.Parse(body, budget) is { } value ? new ScalarAnswer(text, value, unit) : null;
    }

    private static (string Body, string Unit) SplitUnit(string text)
    {
        var match = Unit().Match(text);
        if (!match.Success)
            return (text, "");
        var unit = match.Groups[2].Value.Trim().ToLowerInvariant();
        return (match.Groups[1].Value.Trim(), unit switch
        {
            "percent" or "percentage" or "pct" or "%" => "%",
            "°" or "degree" or "degrees" => "°",
            _ => unit.TrimEnd('s'),
        });
    }

    private static bool HasVariables(ScalarAnswer scalar)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        scalar.Value.Variables(names);
        return names.Count > 0;
    }

    // x, a_{37}, f(x), |AB|, S:S_1, \zzz: anything without a number of its own.
    private static bool IsName(string text)
    {
        var name = Squeeze(text);
        return Name().IsMatch(name) && !Application.Known.Contains(name.Split('(')[0].TrimStart('\\'));
    }

    private static string Squeeze(string text) => text.Replace(" ", "", StringComparison.Ordinal);

    [GeneratedRegex(@"(?<=\d) ?(?:, ?\\! ?|\{, ?\})(?=\d)")]
    private static partial Regex ThousandsMarks();

    [GeneratedRegex(@"^-?[1-9]\d{0,2}(?:(?:,\d{3})+|(?: \d{3})+)(?:\.\d+)?$")]
    private static partial Regex GroupedDigits();

    [GeneratedRegex(@"^-?(?:0,\d+|\d{4,},\d{1,2})$")]
    private static partial Regex DecimalComma();

    [GeneratedRegex(@"^(-?)(\d+) (\d+/\d+)$")]
    private static partial Regex MixedNumber();

    [GeneratedRegex(@"^\(?\[?\s*\\begin ?\{[pbvBV]?(?:matrix|array)\}(?:\{[lcr| ]*\})?((?:(?!\\begin|\\end).)*)\\end ?\{[pbvBV]?(?:matrix|array)\}\s*\]?\)?$")]
    private static partial Regex Matrix();

    [GeneratedRegex(@"\s*[,;]?\s+(?:and|or)\s+")]
    private static partial Regex Conjunction();

    [GeneratedRegex(@"^(.*[\d)}\]!]) ?(%|°|\b[A-Za-z]{2,}[A-Za-z ]*(?:\^\{?[23]\}?)?)$")]
    private static partial Regex Unit();

    [GeneratedRegex(@"(?:[%°]|\b(?:cm|mm|km|kg|ml|mg|ft|in|lb|oz|pct|mph|min|sec|hrs?)(?:\^\{?[23]\}?)?)$")]
    private static partial Regex CertainUnit();

    [GeneratedRegex(@"^(?:\\?[A-Za-z]+(?:_(?:\{[A-Za-z0-9]+\}|[A-Za-z0-9]))?(?:\([a-z]\))?|\|[A-Z]{2}\||[A-Z](?:_(?:\{[A-Za-z0-9]+\}|[A-Za-z0-9]))?:[A-Z](?:_(?:\{[A-Za-z0-9]+\}|[A-Za-z0-9]))?)$")]
    private static partial Regex Name();
}
