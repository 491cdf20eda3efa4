namespace Etr.Core.Grading.Answers;

/// <summary>Splits text where no bracket is open.</summary>
internal static class TopLevel
{
    /// <summary>Splits at any of the separators.</summary>
    /// <returns>The parts, and the separators between them.</returns>
    public static (List<string> Parts, string Found) Split(string text, string separators)
    {
        var parts = new List<string>();
        var found = "";
        int depth = 0, start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            depth += Nesting(text[i]);
            if (depth != 0 || !separators.Contains(text[i], StringComparison.Ordinal))
                continue;
            parts.Add(text[start..i].Trim());
            found += text[i];
            start = i + 1;
            if (parts.Count > GradingLimits.Items)
                throw new GradingBudgetException("the answer has too many parts");
        }

        parts.Add(text[start..].Trim());
        return (parts, found);
    }

    /// <summary>True if the bracket that opens the text is closed by its last character.</summary>
    public static bool IsWrapped(string text)
    {
        if (text.Length < 2 || Nesting(text[0]) != 1 || Nesting(text[^1]) != -1)
            return false;
        var depth = 0;
        for (var i = 0; i < text.Length - 1; i++)
        {
            depth += Nesting(text[i]);
            if (depth == 0)
                return false;
        }

        return depth == 1;
    }

    private static int Nesting(char c) => c switch
    {
        '(' or '[' or '{' or '⦃' => 1,
        ')' or ']' or '}' or '⦄' => -1,
        _ => 0,
    };
}
