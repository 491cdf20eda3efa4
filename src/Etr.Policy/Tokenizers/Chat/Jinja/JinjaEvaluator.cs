namespace Etr.Policy.Tokenizers.Chat.Jinja;

/// <summary>
/// Renders a template. It reaches the values it is given and the functions here, and nothing else: no file, no type, no reflection,
/// no clock. Each rendering has a budget.
/// </summary>
internal sealed class JinjaEvaluator
{
    private const int LongestRange = 100_000;

    private readonly JinjaBudget _budget = new();
    private readonly List<MarkedText> _output = [];
    private readonly Stack<Dictionary<string, object?>> _scopes = new();
    private List<MarkedText> _into;
    private int _line;

    private JinjaEvaluator(IReadOnlyDictionary<string, object?> values)
    {
        _into = _output;
        _scopes.Push(new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["namespace"] = (JinjaFunction)((_, names) => Fill(new JinjaObject(isNamespace: true), names)),
            ["dict"] = (JinjaFunction)((_, names) => Fill(new JinjaObject(), names)),
            ["range"] = (JinjaFunction)((places, _) => Range(places)),
            ["raise_exception"] = (JinjaFunction)((places, _) => throw new ChatTemplateException(
                $"the chat template refuses this: {(places is [MarkedText why, ..] ? why.Text : "it does not say why")}")),
        });
        _scopes.Push(new Dictionary<string, object?>(values, StringComparer.Ordinal));
    }

    private enum Flow
    {
        On,
        Break,
        Continue,
    }

    /// <exception cref="ChatTemplateException">The template fails, refuses, or costs more than its budget.</exception>
    public static MarkedText Render(IReadOnlyList<JinjaStatement> template, IReadOnlyDictionary<string, object?> values)
    {
        var evaluator = new JinjaEvaluator(values);
        try
        {
            evaluator.Run(template);
            return MarkedText.Concat(evaluator._output);
        }
        catch (ChatTemplateException e)
        {
            throw new ChatTemplateException($"{e.Message} (line {evaluator._line})");
        }
        catch (OverflowException)
        {
            throw new ChatTemplateException($"chat template: a number is too large (line {evaluator._line})");
        }
    }

    private Flow Run(IReadOnlyList<JinjaStatement> body)
    {
        foreach (JinjaStatement statement in body)
        {
            _budget.Step();
            _line = statement.Line;
            Flow flow = Run(statement);
            if (flow != Flow.On)
                return flow;
        }

        return Flow.On;
    }

    private Flow Run(JinjaStatement statement)
    {
        switch (statement)
        {
            case JinjaText text:
                Print(text.Text);
                return Flow.On;
            case JinjaPrint print:
                Print(JinjaValues.Show(Of(print.Value), _budget));
                return Flow.On;
            case JinjaIf choice:
                foreach ((JinjaExpression? condition, IReadOnlyList<JinjaStatement> body) in choice.Branches)
                {
                    if (condition is null || JinjaValues.IsTrue(Of(condition)))
                        return Run(body);
                }

                return Flow.On;
            case JinjaSet set:
                Set(set);
                return Flow.On;
            case JinjaFor loop:
                return Loop(loop);
            case JinjaLeave leave:
                return leave.Loop ? Flow.Break : Flow.Continue;
            default:
                throw new ChatTemplateException("chat template: a statement that is not known here");
        }
    }

    private void Print(MarkedText text)
    {
        _budget.Characters(text.Length);
        _into.Add(text);
    }

    private void Set(JinjaSet set)
    {
        object? value;
        if (set.Value is not null)
        {
            value = Of(set.Value);
        }
        else
        {
            List<MarkedText> outer = _into;
            _into = [];
            Run(set.Body);
            value = MarkedText.Concat(_into);
            _into = outer;
        }

        if (set.Member is null)
            _scopes.Peek()[set.Name] = value;
        else if (Find(set.Name) is JinjaObject { IsNamespace: true } space)
            space.With(set.Member, value);
        else
            throw new ChatTemplateException($"chat template: '{set.Name}' is not a namespace");
    }

    private Flow Loop(JinjaFor loop)
    {
        IReadOnlyList<object?> items = JinjaFilters.Items(Of(loop.Over), _budget);
        if (loop.Where is not null)
        {
            items = [.. items.Where(item =>
            {
                _scopes.Push(Bound(loop, item));
                bool wanted = JinjaValues.IsTrue(Of(loop.Where));
                _scopes.Pop();
                return wanted;
            })];
        }

        if (items.Count == 0)
            return Run(loop.Else);
        for (int i = 0; i < items.Count; i++)
        {
            _budget.Step();
            Dictionary<string, object?> scope = Bound(loop, items[i]);
            scope["loop"] = new JinjaObject()
                .With("index", i + 1L).With("index0", (long)i).With("first", i == 0).With("last", i == items.Count - 1)
                .With("length", (long)items.Count).With("revindex", (long)(items.Count - i)).With("revindex0", items.Count - i - 1L)
                .With("previtem", i > 0 ? items[i - 1] : JinjaUndefined.Value)
                .With("nextitem", i + 1 < items.Count ? items[i + 1] : JinjaUndefined.Value);
            _scopes.Push(scope);
            Flow flow = Run(loop.Body);
            _scopes.Pop();
            if (flow == Flow.Break)
                break;
        }

        return Flow.On;
    }

    private static Dictionary<string, object?> Bound(JinjaFor loop, object? item)
    {
        var scope = new Dictionary<string, object?>(StringComparer.Ordinal);
        if (loop.Targets.Count == 1)
        {
            scope[loop.Targets[0]] = item;
            return scope;
        }

        if (item is not IReadOnlyList<object?> parts || parts.Count != loop.Targets.Count)
            throw new ChatTemplateException($"chat template: a loop over {loop.Targets.Count} names needs as many values in each element");
        for (int i = 0; i < parts.Count; i++)
            scope[loop.Targets[i]] = parts[i];
        return scope;
    }

    private object? Find(string name)
    {
        foreach (Dictionary<string, object?> scope in _scopes)
        {
            if (scope.TryGetValue(name, out object? value))
                return value;
        }

        return JinjaUndefined.Value;
    }

    private object? Of(JinjaExpression expression)
    {
        _budget.Step();
        switch (expression)
        {
            case JinjaLiteral literal:
                return literal.Value;
            case JinjaName name:
                return Find(name.Name);
            case JinjaList list:
                return list.Items.Select(Of).ToList();
            case JinjaMap map:
                var made = new JinjaObject();
                foreach ((JinjaExpression key, JinjaExpression value) in map.Items)
                    made.With(Of(key) is MarkedText text ? text.Text : throw new ChatTemplateException("chat template: a mapping's keys are text"), Of(value));
                return made;
            case JinjaAttribute attribute:
                return Attribute(Of(attribute.Of), attribute.Name);
            case JinjaItem item:
                return Item(Of(item.Of), Of(item.Index));
            case JinjaSlice slice:
                return Slice(slice);
            case JinjaCall call:
                return Call(call);
            case JinjaFilter filter:
                (List<object?> places, Dictionary<string, object?> names) = Arguments(filter.Arguments);
                return JinjaFilters.Apply(filter.Name, Of(filter.Of), places, names, _budget);
            case JinjaTest test:
                return JinjaFilters.Test(test.Name, Of(test.Of), Arguments(test.Arguments).Places, _budget) != test.Negated;
            case JinjaChoice choice:
                return JinjaValues.IsTrue(Of(choice.Condition)) ? Of(choice.Then) : choice.Else is null ? JinjaUndefined.Value : Of(choice.Else);
            case JinjaUnary unary:
                return Unary(unary.Operator, Of(unary.Of));
            case JinjaBinary binary:
                return Binary(binary);
            default:
                throw new ChatTemplateException("chat template: an expression that is not known here");
        }
    }

    private object? Attribute(object? of, string name)
    {
        switch (of)
        {
            case JinjaObject map when !map.IsNamespace && MapMethod(map, name) is { } method:
                return method;
            case JinjaObject map:
                return map.Members.TryGetValue(name, out object? member) ? member : JinjaUndefined.Value;
            case MarkedText text:
                // Whatever the method does, it goes through the text once.
                _budget.Characters(text.Length);
                return JinjaStrings.Method(text, name, _budget) is { } function ? function : JinjaUndefined.Value;
            case JinjaUndefined:
                throw new ChatTemplateException($"chat template: '{name}' of what is undefined");
            default:
                return JinjaUndefined.Value;
        }
    }

    private static JinjaFunction? MapMethod(JinjaObject map, string name) => name switch
    {
        "items" => (_, _) => JinjaFilters.Pairs(map),
        "keys" => (_, _) => map.Members.Keys.Select(key => (object?)MarkedText.Given(key)).ToList(),
        "values" => (_, _) => map.Members.Values.ToList(),
        "get" => (places, _) => places is [MarkedText key, ..] && map.Members.TryGetValue(key.Text, out object? value) ? value : places.Count > 1 ? places[1] : null,
        _ => null,
    };

    private object? Item(object? of, object? index)
    {
        switch (of)
        {
            case JinjaObject map when index is MarkedText key:
                return map.Members.TryGetValue(key.Text, out object? member) ? member : Attribute(map, key.Text);
            case IReadOnlyList<object?> list when index is long or bool:
                long at = JinjaValues.Whole(index) is < 0 and var back ? list.Count + back : JinjaValues.Whole(index);
                return at >= 0 && at < list.Count ? list[(int)at] : JinjaUndefined.Value;
            case MarkedText text when index is long or bool:
                long place = JinjaValues.Whole(index) is < 0 and var behind ? text.Length + behind : JinjaValues.Whole(index);
                return place >= 0 && place < text.Length ? text.Slice((int)place, 1) : JinjaUndefined.Value;
            case JinjaUndefined:
                throw new ChatTemplateException("chat template: an element of what is undefined");
            default:
                return JinjaUndefined.Value;
        }
    }

    private object Slice(JinjaSlice slice)
    {
        object? of = Of(slice.Of);
        int count = of switch
        {
            IReadOnlyList<object?> items => items.Count,
            MarkedText text => text.Length,
            _ => throw new ChatTemplateException($"chat template: {JinjaValues.Kind(of)} has no slices"),
        };
        long step = slice.Step is null || Of(slice.Step) is not { } stride ? 1 : JinjaValues.Whole(stride);
        if (step == 0)
            throw new ChatTemplateException("chat template: a slice's step is zero");
        long from = Bound(slice.From, step > 0 ? 0 : count - 1, step, count);
        long to = Bound(slice.To, step > 0 ? count : -1, step, count);
        _budget.Characters(of is MarkedText ? count : 0);
        if (of is MarkedText whole && step == 1)
            return whole.Slice((int)from, (int)Math.Max(0, to - from));
        var places = new List<int>();
        for (long at = from; step > 0 ? at < to : at > to; at += Math.Clamp(step, -count - 1, count + 1))
            places.Add((int)at);
        _budget.Step(places.Count);
        return of is IReadOnlyList<object?> list
            ? places.Select(place => list[place]).ToList()
            : MarkedText.Concat([.. places.Select(place => ((MarkedText)of!).Slice(place, 1))]);
    }

    // As Python bounds a slice.
    private long Bound(JinjaExpression? expression, long otherwise, long step, int count)
    {
        if (expression is null || Of(expression) is not { } value)
            return otherwise;
        long at = JinjaValues.Whole(value);
        if (at < 0)
            at += count;
        return step > 0 ? Math.Clamp(at, 0, count) : Math.Clamp(at, -1, count - 1);
    }

    private object? Call(JinjaCall call)
    {
        if (Of(call.Callee) is not JinjaFunction function)
        {
            string name = call.Callee is JinjaName known ? known.Name : call.Callee is JinjaAttribute attribute ? attribute.Name : "this";
            throw new ChatTemplateException($"chat template: '{name}' is not a function that is known here");
        }

        (List<object?> places, Dictionary<string, object?> names) = Arguments(call.Arguments);
        return function(places, names);
    }

    private (List<object?> Places, Dictionary<string, object?> Names) Arguments(JinjaArguments arguments)
    {
        var names = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach ((string name, JinjaExpression value) in arguments.Names)
            names[name] = Of(value);
        return ([.. arguments.Places.Select(Of)], names);
    }

    private static object Unary(string sign, object? value) => sign switch
    {
        "not" => !JinjaValues.IsTrue(value),
        // Cast, or the whole numbers would become doubles here.
        "-" => value is double real ? (object)-real : checked(-JinjaValues.Whole(value)),
        _ => value is double same ? (object)same : JinjaValues.Whole(value),
    };

    private object? Binary(JinjaBinary binary)
    {
        object? left = Of(binary.Left);
        switch (binary.Operator)
        {
            case "and":
                return JinjaValues.IsTrue(left) ? Of(binary.Right) : left;
            case "or":
                return JinjaValues.IsTrue(left) ? left : Of(binary.Right);
        }

        object? right = Of(binary.Right);
        return binary.Operator switch
        {
            "==" => JinjaValues.AreEqual(left, right, _budget),
            "!=" => !JinjaValues.AreEqual(left, right, _budget),
            "in" => JinjaFilters.Contains(right, left, _budget),
            "not in" => !JinjaFilters.Contains(right, left, _budget),
            "<" => Order(left, right) < 0,
            ">" => Order(left, right) > 0,
            "<=" => Order(left, right) <= 0,
            ">=" => Order(left, right) >= 0,
            "~" => Joined(JinjaValues.Show(left, _budget), JinjaValues.Show(right, _budget)),
            "+" when left is MarkedText a && right is MarkedText b => Joined(a, b),
            "+" when left is IReadOnlyList<object?> a && right is IReadOnlyList<object?> b => Joined(a, b),
            "*" when left is MarkedText text && right is long or bool => Repeated(text, JinjaValues.Whole(right)),
            _ => Calculate(binary.Operator, left, right),
        };
    }

    private static int Order(object? left, object? right) =>
        left is MarkedText a && right is MarkedText b ? string.CompareOrdinal(a.Text, b.Text)
        : left is long or bool && right is long or bool ? JinjaValues.Whole(left).CompareTo(JinjaValues.Whole(right))
        : JinjaValues.TryNumber(left, out double first) && JinjaValues.TryNumber(right, out double second) ? first.CompareTo(second)
        : throw new ChatTemplateException($"chat template: {JinjaValues.Kind(left)} and {JinjaValues.Kind(right)} have no order");

    private MarkedText Joined(MarkedText left, MarkedText right)
    {
        _budget.Characters(left.Length + (long)right.Length);
        return MarkedText.Concat([left, right]);
    }

    private List<object?> Joined(IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        _budget.Step(left.Count + (long)right.Count);
        return [.. left, .. right];
    }

    private MarkedText Repeated(MarkedText text, long times)
    {
        long count = Math.Max(0, times);
        _budget.Step(count);
        _budget.Characters(checked(count * text.Length));
        return MarkedText.Concat([.. Enumerable.Repeat(text, (int)count)]);
    }

    private static object Calculate(string sign, object? left, object? right)
    {
        if (!JinjaValues.TryNumber(left, out double a) || !JinjaValues.TryNumber(right, out double b))
            throw new ChatTemplateException($"chat template: {JinjaValues.Kind(left)} {sign} {JinjaValues.Kind(right)}");
        if (sign is "/" or "//" or "%" && b == 0)
            throw new ChatTemplateException("chat template: a division by zero");
        if (left is double || right is double || sign == "/")
        {
            return sign switch
            {
                "+" => a + b,
                "-" => a - b,
                "*" => a * b,
                "/" => a / b,
                "//" => Math.Floor(a / b),
                _ => a - b * Math.Floor(a / b),
            };
        }

        long x = JinjaValues.Whole(left), y = JinjaValues.Whole(right);
        checked
        {
            // Division rounds down, as in Python.
            return sign switch
            {
                "+" => x + y,
                "-" => x - y,
                "*" => x * y,
                "//" => x / y - (x % y != 0 && x < 0 != y < 0 ? 1 : 0),
                _ => x - y * (x / y - (x % y != 0 && x < 0 != y < 0 ? 1 : 0)),
            };
        }
    }

    private List<object?> Range(IReadOnlyList<object?> places)
    {
        long[] numbers = [.. places.Take(3).Select(JinjaValues.Whole)];
        (long from, long to, long step) = numbers switch
        {
            [var end] => (0, end, 1),
            [var start, var end] => (start, end, 1),
            [var start, var end, var stride] when stride != 0 => (start, end, stride),
            _ => throw new ChatTemplateException("chat template: 'range' needs one to three whole numbers"),
        };
        var list = new List<object?>();
        for (long at = from; step > 0 ? at < to : at > to; at = checked(at + step))
        {
            _budget.Step();
            if (list.Count == LongestRange)
                throw new ChatTemplateException($"chat template: a range of more than {LongestRange} numbers");
            list.Add(at);
        }

        return list;
    }

    private static JinjaObject Fill(JinjaObject map, IReadOnlyDictionary<string, object?> names)
    {
        foreach ((string name, object? value) in names)
            map.With(name, value);
        return map;
    }
}
