namespace Etr.Policy.Tokenizers.Chat.Jinja;

/// <summary>Python's methods of text, as far as templates use them. Every part of a text keeps its marks.</summary>
internal static class JinjaStrings
{
    /// <summary>A method bound to its text; null where there is none of that name.</summary>
    public static JinjaFunction? Method(MarkedText text, string name, JinjaBudget budget) => name switch
    {
        "strip" => (places, _) => Strip(text, Characters(places), true, true),
        "lstrip" => (places, _) => Strip(text, Characters(places), true, false),
        "rstrip" => (places, _) => Strip(text, Characters(places), false, true),
        "split" => (places, _) => Split(text, places, budget),
        "splitlines" => (_, _) => SplitLines(text, budget),
        "startswith" => (places, _) => Any(places, part => text.Text.StartsWith(part, StringComparison.Ordinal)),
        "endswith" => (places, _) => Any(places, part => text.Text.EndsWith(part, StringComparison.Ordinal)),
        "replace" => (places, _) => Replace(text, Text(places, 0), Text(places, 1), places.Count > 2 ? JinjaValues.Whole(places[2]) : -1, budget),
        "find" => (places, _) => (long)text.Text.IndexOf(Text(places, 0).Text, StringComparison.Ordinal),
        "count" => (places, _) => Text(places, 0) is { Length: > 0 } part ? (long)text.Text.AsSpan().Count(part.Text) : text.Length + 1L,
        "upper" => (_, _) => Upper(text, budget),
        "lower" => (_, _) => Lower(text, budget),
        "title" => (_, _) => Title(text, budget),
        "capitalize" => (_, _) => Capitalize(text, budget),
        "removeprefix" => (places, _) => Text(places, 0) is var part && text.Text.StartsWith(part.Text, StringComparison.Ordinal) ? text.Slice(part.Length, text.Length - part.Length) : text,
        "removesuffix" => (places, _) => Text(places, 0) is var part && text.Text.EndsWith(part.Text, StringComparison.Ordinal) ? text.Slice(0, text.Length - part.Length) : text,
        "join" => (places, _) => Join(places.Count > 0 ? places[0] as IReadOnlyList<object?> ?? [] : [], text, budget),
        _ => null,
    };

    public static MarkedText Strip(MarkedText text, string? characters, bool start, bool end)
    {
        int from = 0, to = text.Length;
        while (start && from < to && Strips(text.Text[from]))
            from++;
        while (end && to > from && Strips(text.Text[to - 1]))
            to--;
        return text.Slice(from, to - from);

        // Python counts the four separators of ASCII as blanks, .NET does not.
        bool Strips(char character) => characters is null ? char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F' : characters.Contains(character);
    }

    public static MarkedText Upper(MarkedText text, JinjaBudget budget) => Paid(text.WithText(text.Text.ToUpperInvariant()), budget);

    public static MarkedText Lower(MarkedText text, JinjaBudget budget) => Paid(text.WithText(text.Text.ToLowerInvariant()), budget);

    public static MarkedText Capitalize(MarkedText text, JinjaBudget budget) =>
        text.Length == 0 ? text : Paid(text.WithText(char.ToUpperInvariant(text.Text[0]) + text.Text[1..].ToLowerInvariant()), budget);

    public static MarkedText Title(MarkedText text, JinjaBudget budget)
    {
        char[] characters = text.Text.ToCharArray();
        bool inside = false;
        for (int i = 0; i < characters.Length; i++)
        {
            characters[i] = inside ? char.ToLowerInvariant(characters[i]) : char.ToUpperInvariant(characters[i]);
            inside = char.IsLetter(characters[i]);
        }

        return Paid(text.WithText(new string(characters)), budget);
    }

    public static MarkedText Replace(MarkedText text, MarkedText part, MarkedText by, long most, JinjaBudget budget)
    {
        if (part.Length == 0)
            throw new ChatTemplateException("chat template: 'replace' of nothing");
        var parts = new List<MarkedText>();
        int at = 0;
        for (int found = text.Text.IndexOf(part.Text, StringComparison.Ordinal); found >= 0 && most != 0; found = text.Text.IndexOf(part.Text, at, StringComparison.Ordinal), most--)
        {
            budget.Step();
            budget.Characters(found - at + by.Length);
            parts.Add(text.Slice(at, found - at));
            parts.Add(by);
            at = found + part.Length;
        }

        budget.Characters(text.Length - at);
        parts.Add(text.Slice(at, text.Length - at));
        return MarkedText.Concat(parts);
    }

    public static MarkedText Join(IReadOnlyList<object?> items, MarkedText separator, JinjaBudget budget)
    {
        var parts = new List<MarkedText>();
        foreach (object? item in items)
        {
            budget.Step();
            if (parts.Count > 0)
                parts.Add(separator);
            parts.Add(JinjaValues.Show(item, budget));
            budget.Characters(separator.Length + parts[^1].Length);
        }

        return MarkedText.Concat(parts);
    }

    private static List<object?> Split(MarkedText text, IReadOnlyList<object?> places, JinjaBudget budget)
    {
        budget.Characters(text.Length);
        long most = places.Count > 1 ? JinjaValues.Whole(places[1]) : -1;
        var parts = new List<object?>();
        if (places.Count == 0 || places[0] is null)
        {
            foreach (Range range in text.Text.AsSpan().SplitAny(" \t\n\r\v\f"))
            {
                budget.Step();
                (int start, int length) = range.GetOffsetAndLength(text.Length);
                if (length > 0)
                    parts.Add(text.Slice(start, length));
            }

            return most < 0 ? parts : throw new ChatTemplateException("chat template: 'split' at blanks takes no limit here");
        }

        MarkedText separator = Text(places, 0);
        if (separator.Length == 0)
            throw new ChatTemplateException("chat template: 'split' at nothing");
        int at = 0;
        for (int found = text.Text.IndexOf(separator.Text, StringComparison.Ordinal); found >= 0 && most != 0; found = text.Text.IndexOf(separator.Text, at, StringComparison.Ordinal), most--)
        {
            budget.Step();
            parts.Add(text.Slice(at, found - at));
            at = found + separator.Length;
        }

        parts.Add(text.Slice(at, text.Length - at));
        return parts;
    }

    private static List<object?> SplitLines(MarkedText text, JinjaBudget budget)
    {
        List<object?> lines = Split(text, [MarkedText.Control("\n")], budget);
        if (lines[^1] is MarkedText { Length: 0 })
            lines.RemoveAt(lines.Count - 1);
        return [.. lines.Select(line => Strip((MarkedText)line!, "\r", false, true))];
    }

    private static bool Any(IReadOnlyList<object?> places, Func<string, bool> holds) =>
        places is [IReadOnlyList<object?> several] ? several.OfType<MarkedText>().Any(part => holds(part.Text)) : holds(Text(places, 0).Text);

    private static string? Characters(IReadOnlyList<object?> places) => places.Count > 0 && places[0] is not null ? Text(places, 0).Text : null;

    private static MarkedText Text(IReadOnlyList<object?> places, int index) =>
        index < places.Count && places[index] is MarkedText text
            ? text
            : throw new ChatTemplateException($"chat template: expected text, found {(index < places.Count ? JinjaValues.Kind(places[index]) : "nothing")}");

    private static MarkedText Paid(MarkedText text, JinjaBudget budget)
    {
        budget.Characters(text.Length);
        return text;
    }
}
