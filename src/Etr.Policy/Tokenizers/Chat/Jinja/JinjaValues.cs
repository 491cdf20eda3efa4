using System.Globalization;
using System.Text;

namespace Etr.Policy.Tokenizers.Chat.Jinja;

/// <summary>What a name stands for that nothing was given for.</summary>
internal sealed class JinjaUndefined
{
    public static JinjaUndefined Value { get; } = new();
}

/// <summary>A mapping, in the order of insertion; with <paramref name="isNamespace"/> one that <c>set</c> may change.</summary>
internal sealed class JinjaObject(bool isNamespace = false)
{
    private readonly OrderedDictionary<string, object?> _members = new(StringComparer.Ordinal);

    public bool IsNamespace => isNamespace;

    public IReadOnlyDictionary<string, object?> Members => _members;

    public JinjaObject With(string name, object? value)
    {
        _members[name] = value;
        return this;
    }
}

/// <summary>A function of the evaluator's own; there are no others.</summary>
internal delegate object? JinjaFunction(IReadOnlyList<object?> places, IReadOnlyDictionary<string, object?> names);

/// <summary>
/// The values of a template: null, true and false, whole numbers (long), numbers (double), text (<see cref="MarkedText"/>), lists,
/// mappings, functions, and the undefined. Nothing else is ever reachable from a template.
/// </summary>
internal static class JinjaValues
{
    private const int DeepestValue = 32;

    public static bool IsTrue(object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        MarkedText text => text.Length > 0,
        IReadOnlyList<object?> list => list.Count > 0,
        JinjaObject map => map.IsNamespace || map.Members.Count > 0,
        _ => true,
    };

    public static bool AreEqual(object? left, object? right, JinjaBudget budget, int depth = 0)
    {
        budget.Step(1 + (left is MarkedText whole ? whole.Length / 1024 : 0));
        if (depth > DeepestValue)
            throw TooDeep();
        if (TryNumber(left, out double first) && TryNumber(right, out double second))
            return left is double || right is double ? first == second : Whole(left) == Whole(right);
        return (left, right) switch
        {
            (null, null) or (JinjaUndefined, JinjaUndefined) => true,
            (MarkedText a, MarkedText b) => a.Text == b.Text,
            (IReadOnlyList<object?> a, IReadOnlyList<object?> b) => a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second, budget, depth + 1)),
            (JinjaObject a, JinjaObject b) => ReferenceEquals(a, b) || a.Members.Count == b.Members.Count
                && a.Members.All(member => b.Members.TryGetValue(member.Key, out object? other) && AreEqual(member.Value, other, budget, depth + 1)),
            _ => ReferenceEquals(left, right),
        };
    }

    public static bool TryNumber(object? value, out double number)
    {
        number = value switch { bool flag => flag ? 1 : 0, long whole => whole, double real => real, _ => 0 };
        return value is bool or long or double;
    }

    public static long Whole(object? value) => value switch
    {
        bool flag => flag ? 1 : 0,
        long whole => whole,
        _ => throw new ChatTemplateException($"chat template: expected a whole number, found {Kind(value)}"),
    };

    /// <summary>What printing shows.</summary>
    public static MarkedText Show(object? value, JinjaBudget budget)
    {
        if (value is MarkedText text)
            return text;
        if (value is JinjaUndefined)
            return MarkedText.Empty;
        var words = new StringBuilder();
        Represent(value, words, budget, 0, quoted: false);
        // Text that went through a list or a mapping is no longer the template's own.
        return value is IReadOnlyList<object?> or JinjaObject ? MarkedText.Given(words.ToString()) : MarkedText.Control(words.ToString());
    }

    /// <summary>The value as JSON, as Python's <c>json.dumps</c> writes it without escaping.</summary>
    public static MarkedText ToJson(object? value, int? indent, JinjaBudget budget)
    {
        var words = new StringBuilder();
        WriteJson(value, words, indent, 0, budget);
        return MarkedText.Given(words.ToString());
    }

    public static string Kind(object? value) => value switch
    {
        null => "none",
        JinjaUndefined => "what is undefined",
        bool => "true or false",
        long or double => "a number",
        MarkedText => "text",
        IReadOnlyList<object?> => "a list",
        JinjaObject => "a mapping",
        _ => "a function",
    };

    public static ChatTemplateException TooDeep() => new($"chat template: values nested deeper than {DeepestValue}");

    private static void Represent(object? value, StringBuilder words, JinjaBudget budget, int depth, bool quoted)
    {
        budget.Step();
        if (depth > DeepestValue)
            throw TooDeep();
        int before = words.Length;
        switch (value)
        {
            case IReadOnlyList<object?> list:
                words.Append('[');
                for (int i = 0; i < list.Count; i++)
                {
                    words.Append(i > 0 ? ", " : "");
                    Represent(list[i], words, budget, depth + 1, quoted: true);
                }

                words.Append(']');
                break;
            case JinjaObject map:
                words.Append('{');
                foreach ((string key, object? item) in map.Members)
                {
                    words.Append(words[^1] == '{' ? "" : ", ").Append('\'').Append(key).Append("': ");
                    Represent(item, words, budget, depth + 1, quoted: true);
                }

                words.Append('}');
                break;
            case MarkedText text:
                words.Append(quoted ? $"'{text.Text}'" : text.Text);
                break;
            default:
                words.Append(value switch
                {
                    null => "None",
                    bool flag => flag ? "True" : "False",
                    long whole => whole.ToString(CultureInfo.InvariantCulture),
                    double real => Real(real),
                    JinjaUndefined => "Undefined",
                    _ => throw new ChatTemplateException("chat template: a function has no text"),
                });
                break;
        }

        budget.Characters(words.Length - before);
    }

    private static void WriteJson(object? value, StringBuilder words, int? indent, int depth, JinjaBudget budget)
    {
        budget.Step();
        if (depth > DeepestValue)
            throw TooDeep();
        int before = words.Length;
        switch (value)
        {
            case null:
                words.Append("null");
                break;
            case bool flag:
                words.Append(flag ? "true" : "false");
                break;
            case long whole:
                words.Append(whole.ToString(CultureInfo.InvariantCulture));
                break;
            case double real:
                words.Append(Real(real));
                break;
            case MarkedText text:
                words.Append(Quote(text.Text));
                break;
            case IReadOnlyList<object?> list:
                WriteItems('[', ']', list.Select(item => ("", item)), words, indent, depth, budget);
                break;
            case JinjaObject map:
                WriteItems('{', '}', map.Members.Select(member => (Quote(member.Key) + ": ", member.Value)), words, indent, depth, budget);
                break;
            default:
                throw new ChatTemplateException($"chat template: {Kind(value)} has no JSON");
        }

        budget.Characters(words.Length - before);
    }

    private static void WriteItems(char open, char close, IEnumerable<(string Key, object? Value)> items, StringBuilder words, int? indent, int depth, JinjaBudget budget)
    {
        words.Append(open);
        bool any = false;
        foreach ((string key, object? value) in items)
        {
            words.Append(any ? indent is null ? ", " : "," : "");
            NewLine(words, indent, depth + 1);
            words.Append(key);
            WriteJson(value, words, indent, depth + 1, budget);
            any = true;
        }

        if (any)
            NewLine(words, indent, depth);
        words.Append(close);
    }

    private static void NewLine(StringBuilder words, int? indent, int depth)
    {
        if (indent is int width)
            words.Append('\n').Append(' ', width * depth);
    }

    private static string Quote(string text)
    {
        var words = new StringBuilder(text.Length + 2).Append('"');
        foreach (char character in text)
        {
            _ = character switch
            {
                '"' => words.Append("\\\""),
                '\\' => words.Append("\\\\"),
                '\n' => words.Append("\\n"),
                '\r' => words.Append("\\r"),
                '\t' => words.Append("\\t"),
                '\b' => words.Append("\\b"),
                '\f' => words.Append("\\f"),
                < ' ' => words.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => words.Append(character),
            };
        }

        return words.Append('"').ToString();
    }

    private static string Real(double value)
    {
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().IndexOfAny(".EeNI") >= 0 ? text : text + ".0";
    }
}
