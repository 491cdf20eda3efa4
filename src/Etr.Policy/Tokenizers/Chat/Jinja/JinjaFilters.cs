namespace Etr.Policy.Tokenizers.Chat.Jinja;

/// <summary>Filters and tests by name: all there are.</summary>
internal static class JinjaFilters
{
    /// <exception cref="ChatTemplateException">There is no such filter, or the value is not one for it.</exception>
    public static object? Apply(string name, object? value, IReadOnlyList<object?> places, IReadOnlyDictionary<string, object?> names, JinjaBudget budget)
    {
        object? Argument(int index, string key, object? otherwise) => names.TryGetValue(key, out object? named) ? named : index < places.Count ? places[index] : otherwise;
        MarkedText Text() => JinjaValues.Show(value, budget);
        budget.Characters(value is MarkedText whole ? whole.Length : 0);
        switch (name)
        {
            case "trim":
                return JinjaStrings.Strip(Text(), (Argument(0, "chars", null) as MarkedText)?.Text, true, true);
            case "length" or "count":
                return Count(value);
            case "tojson":
                return JinjaValues.ToJson(value, Argument(0, "indent", null) is { } indent ? (int)Math.Clamp(JinjaValues.Whole(indent), 0, 16) : null, budget);
            case "default" or "d":
                bool falsy = JinjaValues.IsTrue(Argument(1, "boolean", false)) && !JinjaValues.IsTrue(value);
                return value is JinjaUndefined || falsy ? Argument(0, "default_value", MarkedText.Empty) : value;
            case "join":
                return JinjaStrings.Join(Items(value, budget), Argument(0, "d", MarkedText.Empty) as MarkedText ?? MarkedText.Empty, budget);
            case "upper":
                return JinjaStrings.Upper(Text(), budget);
            case "lower":
                return JinjaStrings.Lower(Text(), budget);
            case "title":
                return JinjaStrings.Title(Text(), budget);
            case "capitalize":
                return JinjaStrings.Capitalize(Text(), budget);
            case "replace":
                return JinjaStrings.Replace(Text(), JinjaValues.Show(Argument(0, "old", null), budget), JinjaValues.Show(Argument(1, "new", null), budget), -1, budget);
            case "string" or "safe":
                return Text();
            case "int":
                return ToWhole(value);
            case "abs":
                return value is double real ? (object)Math.Abs(real) : Math.Abs(Math.Max(JinjaValues.Whole(value), -long.MaxValue));
            case "first":
                return Items(value, budget) is [var first, ..] ? first : JinjaUndefined.Value;
            case "last":
                return Items(value, budget) is [.., var last] ? last : JinjaUndefined.Value;
            case "list":
                return Items(value, budget).ToList();
            case "reverse":
                return Items(value, budget).Reverse().ToList();
            case "items":
                return Pairs(value);
            case "map" when names.TryGetValue("attribute", out object? attribute) && attribute is MarkedText member:
                return Items(value, budget).Select(item => Member(item, member.Text)).ToList();
            case "selectattr" or "rejectattr":
                return Select(name == "selectattr", value, places, budget);
            default:
                throw new ChatTemplateException($"chat template: '{name}' is not a filter that is known here");
        }
    }

    /// <exception cref="ChatTemplateException">There is no such test.</exception>
    public static bool Test(string name, object? value, IReadOnlyList<object?> places, JinjaBudget budget)
    {
        object? other = places.Count > 0 ? places[0] : JinjaUndefined.Value;
        return name switch
        {
            "defined" => value is not JinjaUndefined,
            "undefined" => value is JinjaUndefined,
            "none" => value is null,
            "string" => value is MarkedText,
            "mapping" => value is JinjaObject,
            "iterable" or "sequence" => value is MarkedText or IReadOnlyList<object?> or JinjaObject,
            "number" => value is long or double,
            "integer" => value is long,
            "float" => value is double,
            "boolean" => value is bool,
            "true" => value is true,
            "false" => value is false,
            "callable" => value is JinjaFunction,
            "odd" => JinjaValues.Whole(value) % 2 != 0,
            "even" => JinjaValues.Whole(value) % 2 == 0,
            "divisibleby" when JinjaValues.Whole(other) is not 0 and var divisor => JinjaValues.Whole(value) % divisor == 0,
            "equalto" or "eq" or "sameas" => JinjaValues.AreEqual(value, other, budget),
            "ne" => !JinjaValues.AreEqual(value, other, budget),
            "in" => Contains(other, value, budget),
            _ => throw new ChatTemplateException($"chat template: '{name}' is not a test that is known here"),
        };
    }

    /// <summary>Whether a text, list or mapping has a part.</summary>
    public static bool Contains(object? container, object? part, JinjaBudget budget)
    {
        switch (container)
        {
            case MarkedText text when part is MarkedText sought:
                budget.Step(1 + text.Length / 1024);
                return text.Text.Contains(sought.Text, StringComparison.Ordinal);
            case IReadOnlyList<object?> list:
                return list.Any(item => JinjaValues.AreEqual(item, part, budget));
            case JinjaObject map:
                return part is MarkedText key && map.Members.ContainsKey(key.Text);
            default:
                throw new ChatTemplateException($"chat template: 'in' needs text, a list or a mapping, found {JinjaValues.Kind(container)}");
        }
    }

    /// <summary>What a loop goes through.</summary>
    public static IReadOnlyList<object?> Items(object? value, JinjaBudget budget)
    {
        IReadOnlyList<object?> items = value switch
        {
            IReadOnlyList<object?> list => list,
            JinjaObject map => [.. map.Members.Keys.Select(MarkedText.Given)],
            MarkedText text => Letters(text, budget),
            JinjaUndefined => [],
            _ => throw new ChatTemplateException($"chat template: expected a list, found {JinjaValues.Kind(value)}"),
        };
        budget.Step(items.Count);
        return items;
    }

    private static List<object?> Letters(MarkedText text, JinjaBudget budget)
    {
        budget.Step(text.Length);
        return [.. Enumerable.Range(0, text.Length).Select(i => text.Slice(i, 1))];
    }

    public static long Count(object? value) => value switch
    {
        MarkedText text => text.Length - text.Text.Count(char.IsLowSurrogate),
        IReadOnlyList<object?> list => list.Count,
        JinjaObject map => map.Members.Count,
        JinjaUndefined => 0,
        _ => throw new ChatTemplateException($"chat template: {JinjaValues.Kind(value)} has no length"),
    };

    public static List<object?> Pairs(object? value) => value switch
    {
        JinjaObject map => [.. map.Members.Select(member => (object?)new List<object?> { MarkedText.Given(member.Key), member.Value })],
        JinjaUndefined => [],
        _ => throw new ChatTemplateException($"chat template: expected a mapping, found {JinjaValues.Kind(value)}"),
    };

    private static long ToWhole(object? value) => value switch
    {
        double real => double.IsFinite(real) && Math.Abs(real) < 1e18 ? (long)real : 0,
        MarkedText text => long.TryParse(text.Text, System.Globalization.CultureInfo.InvariantCulture, out long number) ? number : 0,
        _ => JinjaValues.Whole(value),
    };

    private static object? Member(object? item, string name) =>
        item is JinjaObject map && map.Members.TryGetValue(name, out object? member) ? member : JinjaUndefined.Value;

    private static List<object?> Select(bool wanted, object? value, IReadOnlyList<object?> places, JinjaBudget budget)
    {
        if (places is not [MarkedText attribute, ..])
            throw new ChatTemplateException("chat template: 'selectattr' needs an attribute's name");
        string? test = places.Count > 1 ? (places[1] as MarkedText)?.Text : null;
        object?[] arguments = [.. places.Skip(2)];
        return [.. Items(value, budget).Where(item =>
        {
            object? member = Member(item, attribute.Text);
            return wanted == (test is null ? JinjaValues.IsTrue(member) : Test(test == "==" ? "eq" : test, member, arguments, budget));
        })];
    }
}
