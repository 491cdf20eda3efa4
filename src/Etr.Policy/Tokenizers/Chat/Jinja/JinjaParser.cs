using System.Globalization;

namespace Etr.Policy.Tokenizers.Chat.Jinja;

/// <summary>
/// Reads the part of Jinja that chat templates are written in. What it does not know it refuses by its line: it never guesses.
/// Nesting and the number of operators in an expression are bounded, and so is the depth of whatever walks the result.
/// </summary>
internal sealed class JinjaParser
{
    private const int Deepest = 64;
    private const int MostOperators = 512;
    private const int LongestSource = 1 << 18;

    private readonly List<JinjaToken> _tokens;
    private int _at;
    private int _depth;
    private int _operators;

    private JinjaParser(List<JinjaToken> tokens) => _tokens = tokens;

    private JinjaToken Now => _tokens[_at];

    /// <exception cref="ChatTemplateException">The source is no template, or has what is not read here.</exception>
    public static IReadOnlyList<JinjaStatement> Read(string source)
    {
        if (source.Length > LongestSource)
            throw new ChatTemplateException($"chat template: {source.Length} characters, more than {LongestSource}");
        var parser = new JinjaParser(JinjaLexer.Read(source));
        List<JinjaStatement> body = parser.Body();
        return parser.Now.Kind == JinjaKind.End ? body : throw parser.Wrong("no more");
    }

    // Up to a tag that is not a statement of its own, whose name is the next word.
    private List<JinjaStatement> Body(params ReadOnlySpan<string> ends)
    {
        var body = new List<JinjaStatement>();
        Deeper();
        while (Now.Kind != JinjaKind.End)
        {
            int line = Now.Line;
            switch (Now.Kind)
            {
                case JinjaKind.Text:
                    body.Add(new JinjaText(line, MarkedText.Control(Next().Text)));
                    break;
                case JinjaKind.PrintBegin:
                    _at++;
                    body.Add(new JinjaPrint(line, Whole()));
                    Take(JinjaKind.PrintEnd);
                    break;
                default:
                    if (ends.Contains(_tokens[_at + 1].Text))
                    {
                        _at++;
                        _depth--;
                        return body;
                    }

                    _at++;
                    Statement(line, body);
                    break;
            }
        }

        _depth--;
        return ends.IsEmpty ? body : throw Wrong($"'{ends[^1]}'");
    }

    private void Statement(int line, List<JinjaStatement> body)
    {
        string name = Take(JinjaKind.Name);
        switch (name)
        {
            case "if":
                body.Add(If(line));
                break;
            case "for":
                body.Add(For(line));
                break;
            case "set":
                body.Add(Set(line));
                break;
            case "break" or "continue":
                body.Add(new JinjaLeave(line, name == "break"));
                break;
            case "generation":
                // Marks what a model wrote; it renders as what is in it.
                Take(JinjaKind.BlockEnd);
                body.AddRange(Body("endgeneration"));
                _at++;
                break;
            default:
                throw new ChatTemplateException($"chat template, line {line}: '{name}' is not a statement that is known here");
        }

        Take(JinjaKind.BlockEnd);
    }

    private JinjaIf If(int line)
    {
        var branches = new List<(JinjaExpression?, IReadOnlyList<JinjaStatement>)>();
        JinjaExpression? condition = Whole();
        while (true)
        {
            Take(JinjaKind.BlockEnd);
            List<JinjaStatement> body = condition is null ? Body("endif") : Body("elif", "else", "endif");
            branches.Add((condition, body));
            string next = Take(JinjaKind.Name);
            if (next == "endif")
                return new JinjaIf(line, branches);
            condition = next == "elif" ? Whole() : null;
        }
    }

    private JinjaFor For(int line)
    {
        var targets = new List<string> { Take(JinjaKind.Name) };
        while (Skip(","))
            targets.Add(Take(JinjaKind.Name));
        TakeWord("in");
        _operators = 0;
        JinjaExpression over = Or();
        JinjaExpression? where = SkipWord("if") ? Whole() : null;
        Take(JinjaKind.BlockEnd);
        List<JinjaStatement> body = Body("else", "endfor");
        List<JinjaStatement> otherwise = [];
        if (Take(JinjaKind.Name) == "else")
        {
            Take(JinjaKind.BlockEnd);
            otherwise = Body("endfor");
            _at++;
        }

        return new JinjaFor(line, targets, over, where, body, otherwise);
    }

    private JinjaSet Set(int line)
    {
        string name = Take(JinjaKind.Name);
        string? member = Skip(".") ? Take(JinjaKind.Name) : null;
        if (Skip("="))
            return new JinjaSet(line, name, member, Whole(), []);
        Take(JinjaKind.BlockEnd);
        List<JinjaStatement> body = Body("endset");
        _at++;
        return new JinjaSet(line, name, member, null, body);
    }

    private JinjaExpression Whole()
    {
        _operators = 0;
        return Expression();
    }

    private JinjaExpression Expression()
    {
        Deeper();
        JinjaExpression value = Or();
        while (SkipWord("if"))
        {
            Operator();
            JinjaExpression condition = Or();
            value = new JinjaChoice(condition, value, SkipWord("else") ? Expression() : null);
        }

        _depth--;
        return value;
    }

    private JinjaExpression Or() => Chain(And, "or");

    private JinjaExpression And() => Chain(Not, "and");

    private JinjaExpression Not()
    {
        if (!SkipWord("not"))
            return Comparison();
        Deeper();
        Operator();
        JinjaExpression value = Not();
        _depth--;
        return new JinjaUnary("not", value);
    }

    // a < b < c is a < b and b < c, as in Python.
    private JinjaExpression Comparison()
    {
        JinjaExpression left = Sum();
        JinjaExpression? all = null;
        while (ComparisonSign() is { } sign)
        {
            Operator();
            JinjaExpression right = Sum();
            var one = new JinjaBinary(sign, left, right);
            all = all is null ? one : new JinjaBinary("and", all, one);
            left = right;
        }

        return all ?? left;
    }

    private string? ComparisonSign()
    {
        if (Now.Kind == JinjaKind.Operator && Now.Text is "==" or "!=" or "<" or ">" or "<=" or ">=")
            return Next().Text;
        if (SkipWord("in"))
            return "in";
        if (Now is { Kind: JinjaKind.Name, Text: "not" } && _tokens[_at + 1] is { Kind: JinjaKind.Name, Text: "in" })
        {
            _at += 2;
            return "not in";
        }

        return null;
    }

    private JinjaExpression Sum() => Chain(Joined, "+", "-");

    private JinjaExpression Joined() => Chain(Product, "~");

    private JinjaExpression Product() => Chain(Unary, "*", "/", "//", "%");

    private JinjaExpression Chain(Func<JinjaExpression> part, params string[] signs)
    {
        JinjaExpression value = part();
        while (Now.Kind is JinjaKind.Operator or JinjaKind.Name && signs.Contains(Now.Text))
        {
            Operator();
            string sign = Next().Text;
            value = new JinjaBinary(sign, value, part());
        }

        return value;
    }

    private JinjaExpression Unary(bool filtered)
    {
        if (Now.Kind == JinjaKind.Operator && Now.Text is "-" or "+")
        {
            Deeper();
            Operator();
            var value = new JinjaUnary(Next().Text, Unary(filtered: false));
            _depth--;
            return filtered ? Filtered(value) : value;
        }

        JinjaExpression primary = Postfix(Primary());
        return filtered ? Filtered(primary) : primary;
    }

    private JinjaExpression Unary() => Unary(filtered: true);

    private JinjaExpression Primary()
    {
        JinjaToken token = Next();
        switch (token.Kind)
        {
            case JinjaKind.String:
                string text = token.Text;
                while (Now.Kind == JinjaKind.String)
                    text += Next().Text;
                return new JinjaLiteral(MarkedText.Control(text));
            case JinjaKind.Integer when long.TryParse(token.Text, CultureInfo.InvariantCulture, out long number):
                return new JinjaLiteral(number);
            case JinjaKind.Real:
                return new JinjaLiteral(double.Parse(token.Text, CultureInfo.InvariantCulture));
            case JinjaKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new JinjaLiteral(true),
                    "false" or "False" => new JinjaLiteral(false),
                    "none" or "None" => new JinjaLiteral(null),
                    _ => new JinjaName(token.Text),
                };
            case JinjaKind.Operator when token.Text == "(":
                return Parenthesis();
            case JinjaKind.Operator when token.Text == "[":
                return new JinjaList(Items("]"));
            case JinjaKind.Operator when token.Text == "{":
                return Map();
            default:
                _at--;
                throw Wrong("a value");
        }
    }

    private JinjaExpression Parenthesis()
    {
        if (Skip(")"))
            return new JinjaList([]);
        JinjaExpression first = Expression();
        if (Skip(")"))
            return first;
        TakeSign(",");
        return new JinjaList([first, .. Items(")")]);
    }

    private List<JinjaExpression> Items(string end)
    {
        var items = new List<JinjaExpression>();
        while (!Skip(end))
        {
            items.Add(Expression());
            if (!Skip(","))
            {
                TakeSign(end);
                break;
            }
        }

        return items;
    }

    private JinjaMap Map()
    {
        var items = new List<(JinjaExpression, JinjaExpression)>();
        while (!Skip("}"))
        {
            JinjaExpression key = Expression();
            TakeSign(":");
            items.Add((key, Expression()));
            if (!Skip(","))
            {
                TakeSign("}");
                break;
            }
        }

        return new JinjaMap(items);
    }

    private JinjaExpression Postfix(JinjaExpression value)
    {
        while (Now.Kind == JinjaKind.Operator && Now.Text is "." or "[" or "(")
        {
            Operator();
            value = Next().Text switch
            {
                "." => Now.Kind == JinjaKind.Integer ? new JinjaItem(value, Primary()) : new JinjaAttribute(value, Take(JinjaKind.Name)),
                "[" => Subscript(value),
                _ => new JinjaCall(value, Arguments()),
            };
        }

        return value;
    }

    private JinjaExpression Subscript(JinjaExpression of)
    {
        JinjaExpression? from = Now.Text == ":" && Now.Kind == JinjaKind.Operator ? null : Expression();
        if (from is not null && Skip("]"))
            return new JinjaItem(of, from);
        TakeSign(":");
        JinjaExpression? to = IsSign(":") || IsSign("]") ? null : Expression();
        JinjaExpression? step = Skip(":") && !IsSign("]") ? Expression() : null;
        TakeSign("]");
        return new JinjaSlice(of, from, to, step);
    }

    private JinjaExpression Filtered(JinjaExpression value)
    {
        while (true)
        {
            if (Skip("|"))
            {
                Operator();
                string name = Take(JinjaKind.Name);
                value = new JinjaFilter(value, name, Skip("(") ? Arguments() : JinjaArguments.None);
            }
            else if (SkipWord("is"))
            {
                Operator();
                bool negated = SkipWord("not");
                string name = Take(JinjaKind.Name);
                value = new JinjaTest(value, name, TestArguments(), negated);
            }
            else
            {
                return value;
            }
        }
    }

    // A test may have one argument without parentheses: "x is divisibleby 3".
    private JinjaArguments TestArguments()
    {
        if (Skip("("))
            return Arguments();
        bool word = Now.Kind is JinjaKind.String or JinjaKind.Integer or JinjaKind.Real
            || Now.Kind == JinjaKind.Name && Now.Text is not ("else" or "or" or "and" or "is" or "if" or "in" or "not");
        return word ? new JinjaArguments([Postfix(Primary())], []) : JinjaArguments.None;
    }

    private JinjaArguments Arguments()
    {
        var places = new List<JinjaExpression>();
        var names = new List<(string, JinjaExpression)>();
        while (!Skip(")"))
        {
            if (Now.Kind == JinjaKind.Name && _tokens[_at + 1] is { Kind: JinjaKind.Operator, Text: "=" })
            {
                string name = Next().Text;
                _at++;
                names.Add((name, Expression()));
            }
            else
            {
                places.Add(Expression());
            }

            if (!Skip(","))
            {
                TakeSign(")");
                break;
            }
        }

        return new JinjaArguments(places, names);
    }

    private JinjaToken Next() => _tokens[_at++];

    private bool IsSign(string sign) => Now.Kind == JinjaKind.Operator && Now.Text == sign;

    private bool Skip(string sign)
    {
        bool there = IsSign(sign);
        _at += there ? 1 : 0;
        return there;
    }

    private bool SkipWord(string word)
    {
        bool there = Now.Kind == JinjaKind.Name && Now.Text == word;
        _at += there ? 1 : 0;
        return there;
    }

    private string Take(JinjaKind kind) => Now.Kind == kind ? Next().Text : throw Wrong(kind.ToString());

    private void TakeSign(string sign)
    {
        if (!Skip(sign))
            throw Wrong($"'{sign}'");
    }

    private void TakeWord(string word)
    {
        if (!SkipWord(word))
            throw Wrong($"'{word}'");
    }

    private void Deeper()
    {
        if (++_depth > Deepest)
            throw Wrong($"at most {Deepest} levels");
    }

    private void Operator()
    {
        if (++_operators > MostOperators)
            throw Wrong($"at most {MostOperators} operators in an expression");
    }

    private ChatTemplateException Wrong(string expected) =>
        new($"chat template, line {Now.Line}: expected {expected}, found {(Now.Kind == JinjaKind.End ? "its end" : $"'{(Now.Text.Length > 40 ? Now.Text[..40] : Now.Text)}'")}");
}
