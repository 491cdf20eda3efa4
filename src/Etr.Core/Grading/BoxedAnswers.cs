namespace Etr.Core.Grading;

/// <summary>Finds the contents of \boxed{…}, with nested braces.</summary>
public static class BoxedAnswers
{
    private const string Marker = "\\boxed";

    /// <summary>The content of the last complete \boxed{…}.</summary>
    /// <param name="text">A response.</param>
    /// <returns>What stands between its braces, trimmed; null if there is none, or the last one never closes.</returns>
    public static string? Last(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.LastIndexOf(Marker, StringComparison.Ordinal);
        return at < 0 ? null : Content(text, at, out _);
    }

    /// <summary>
    /// The contents of the last run of boxes: several boxes with no more than "and", "or", commas and layout between them
    /// are one answer of several parts.
    /// </summary>
    /// <param name="text">A response.</param>
    /// <returns>One content a box, in order; empty if there is no complete box.</returns>
    internal static IReadOnlyList<string> LastRun(string text)
    {
        var run = new List<string>();
        var previousEnd = 0;
        for (var at = text.IndexOf(Marker, StringComparison.Ordinal); at >= 0; at = text.IndexOf(Marker, at + 1, StringComparison.Ordinal))
        {
            // A box inside another belongs to the outer one.
            if (at < previousEnd)
                continue;
            var content = Content(text, at, out var end);
            if (content is null || (run.Count > 0 && !IsConnector(text.AsSpan(previousEnd, at - previousEnd))))
                run.Clear();
            if (content is null)
                continue;
            if (run.Count == GradingLimits.Items)
                run.Clear();
            run.Add(content);
            previousEnd = end;
        }

        return run;
    }

    private static string? Content(string text, int at, out int end)
    {
        end = at;
        var open = at + Marker.Length;
        while (open < text.Length && text[open] == ' ')
            open++;
        if (open >= text.Length || text[open] != '{')
            return null;
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            if (text[i] == '\\')
            {
                // An escaped brace is a character, not a group.
                i++;
                continue;
            }

            depth += text[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                end = i + 1;
                return text[(open + 1)..i].Trim();
            }
        }

        return null;
    }

    private static bool IsConnector(ReadOnlySpan<char> between)
    {
        if (between.Length > 40)
            return false;
        var words = between.ToString()
            .Replace("\\quad", " ", StringComparison.Ordinal)
            .Replace("\\text", " ", StringComparison.Ordinal)
            .Split([' ', ',', ';', '$', '{', '}', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return words.All(word => word is "and" or "or");
    }
}
