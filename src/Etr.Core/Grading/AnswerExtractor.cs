using System.Text.RegularExpressions;

namespace Etr.Core.Grading;

/// <summary>
/// Finds the answer in a response. The most explicit mark wins, and among equals the last: \boxed{…}, a line "#### …" or
/// "A: …", "answer=…", "the answer is …", then what stands out at the end: a bracket, a formula, bold text, a number.
/// </summary>
public static partial class AnswerExtractor
{
    /// <summary>Finds the answer.</summary>
    /// <param name="response">A response of any length; its last 16,384 characters are looked at.</param>
    /// <returns>The answer as written, trimmed; null if there is none.</returns>
    public static string? Extract(string response)
    {
        ArgumentNullException.ThrowIfNull(response);
        var tail = response.Length > GradingLimits.ResponseTail ? response[^GradingLimits.ResponseTail..] : response;
        return Boxed(tail) ?? MarkedLine(tail) ?? Assigned(tail) ?? Phrase(tail) ?? StandingOut(tail);
    }

    /// <summary>Finds the letter a response to a multiple-choice question chooses.</summary>
    /// <param name="response">A response.</param>
    /// <returns>One letter, A to J; null if none stands by itself.</returns>
    internal static string? ExtractChoice(string response)
    {
        var tail = response.Length > GradingLimits.ResponseTail ? response[^GradingLimits.ResponseTail..] : response;
        if (Boxed(tail) is { } boxed)
            return BoxedChoice().Match(boxed) is { Success: true } inBox ? inBox.Groups[1].Value : null;
        var marked = Marks().Matches(tail) is { Count: > 0 } marks ? tail[(marks[^1].Index + marks[^1].Length)..] : tail;
        return Choice().Match(marked) is { Success: true } letter ? letter.Value : null;
    }

    private static string? Boxed(string text)
    {
        var run = BoxedAnswers.LastRun(text);
        return run.Count == 0 ? null : string.Join(", ", run);
    }

    private static string? MarkedLine(string text) => LastGroup(AnswerLine(), text);

    private static string? Assigned(string text) => LastGroup(Assignment(), text);

    private static string? Phrase(string text)
    {
        var matches = Marks().Matches(text);
        if (matches.Count == 0)
            return null;
        var rest = text[(matches[^1].Index + matches[^1].Length)..].Trim();

        // To the end of the sentence: a full stop that is not a decimal point.
        var end = SentenceEnd().Match(rest);
        var sentence = (end.Success ? rest[..end.Index] : rest).Trim();
        if (sentence.Length == 0)
            return null;
        return AsWhole(sentence) ?? LastFormula(sentence) ?? LastNumber(sentence);
    }

    private static string? StandingOut(string text)
    {
        var trimmed = text.Trim();
        return AsWhole(trimmed) ?? LastBracket(trimmed) ?? LastFormula(trimmed) ?? LastBold(trimmed) ?? LastNumber(trimmed);
    }

    // A response that is nothing but its answer.
    private static string? AsWhole(string text)
    {
        if (text.Length is 0 or > 200 || text.Contains('\n', StringComparison.Ordinal))
            return null;
        var inside = text.TrimEnd('$', '.', ' ').TrimStart('$', ' ');
        return inside.Any(char.IsAsciiLetterOrDigit) && !Sentence().IsMatch(inside) ? inside : null;
    }

    private static string? LastBracket(string text) => LastGroup(FinalBracket(), text);

    private static string? LastFormula(string text)
    {
        var formula = LastGroup(Formula(), text);
        if (formula is null)
            return null;

        // A number after the last formula is nearer to the answer, unless it is an aside.
        var after = text[(text.LastIndexOf(formula, StringComparison.Ordinal) + formula.Length)..];
        return LastNumber(after) is { } number && after.Length > 2 ? number : formula;
    }

    private static string? LastBold(string text) => LastGroup(Bold(), text) is { } bold ? AsWhole(bold) ?? LastNumber(bold) : null;

    private static string? LastNumber(string text)
    {
        var matches = Number().Matches(text);
        return matches.Count == 0 ? null : matches[^1].Value.TrimEnd('.', ',');
    }

    private static string? LastGroup(Regex pattern, string text)
    {
        var matches = pattern.Matches(text);
        if (matches.Count == 0)
            return null;
        var found = matches[^1].Groups.Cast<Group>().Skip(1).First(group => group.Success).Value.Trim();
        return found.Length == 0 ? null : found;
    }

    [GeneratedRegex(@"^[ \t]*(?:####|A:)[ \t]*([^\n]+)$", RegexOptions.Multiline)]
    private static partial Regex AnswerLine();

    [GeneratedRegex(@"\banswer[ \t]*=[ \t]*([^\s.]+(?:\.\d+)?)", RegexOptions.IgnoreCase)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"\banswer(?:[ \t]+is\b[ \t]*:?|[ \t]*:)", RegexOptions.IgnoreCase)]
    private static partial Regex Marks();

    [GeneratedRegex(@"\.(?:\s|$)|\n")]
    private static partial Regex SentenceEnd();

    [GeneratedRegex(@"^[A-Za-z]{2,}[,:]?[ \t]+[A-Za-z]{2,}|^[A-Za-z]{4,}[,:]?[ \t]+\S|\$|\\[(\[]|[^\x00-\x7F°π√∞±≤≥≈∪×·−]")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"\[([^\[\]\n]{1,100})\]\.?$")]
    private static partial Regex FinalBracket();

    // A formula holds no opening of another: one that is never closed would be searched from each of them to its bound.
    [GeneratedRegex(@"\$\$([^$]{1,500})\$\$|(?<!\\)\$([^$\n]{1,500}?)(?<!\\)\$|\\\(((?:(?!\\[()]).){1,500})\\\)|\\\[((?:(?!\\\]|(?<!\\)\\\[)[\s\S]){1,500})\\\]")]
    private static partial Regex Formula();

    [GeneratedRegex(@"\*\*([^*\n]{1,100})\*\*")]
    private static partial Regex Bold();

    [GeneratedRegex(@"(?<![A-Za-z0-9_.])-?(?:\d+(?:,\d{3})+|\d+)?(?:\.\d+|(?<=\d))(?:/\d+)?(?![A-Za-z_0-9])")]
    private static partial Regex Number();

    [GeneratedRegex(@"^(?:\\(?:text|textbf|mathrm|mathbf)\s*\{)?\s*\(?([A-J])\)?\s*\}?(?:$|[).:}\s])")]
    private static partial Regex BoxedChoice();

    [GeneratedRegex(@"(?<![A-Za-z0-9'])[A-J](?![A-Za-z0-9'])")]
    private static partial Regex Choice();
}
