using System.Globalization;
using System.Numerics;

namespace Etr.Core.Grading.Expressions;

/// <summary>
/// Reads a formula out of normalised LaTeX or plain text (see <see cref="LatexNormalizer"/>), by recursive descent of bounded
/// depth. What it does not understand it refuses: the answer is then compared as text.
/// </summary>
internal sealed class ExpressionParser
{
    private static readonly Constant Pi = new(Math.PI);
    private static readonly Constant Euler = new(Math.E);
    private static readonly Constant Imaginary = new(Complex.ImaginaryOne);
    private static readonly Constant Infinity = new(double.PositiveInfinity);

    private readonly string _text;
    private readonly GradingBudget _budget;
    private int _at;
    private int _depth;

    private ExpressionParser(string text, GradingBudget budget)
    {
        _text = text;
        _budget = budget;
    }

    private char Current => _at < _text.Length ? _text[_at] : '\0';

    /// <summary>Reads the whole text as one formula.</summary>
    /// <returns>The formula, or null where the text is something else.</returns>
    public static Expression? Parse(string text, GradingBudget budget)
    {
        try
        {
            var parser = new ExpressionParser(text, budget);
            var whole = parser.Sum();
            parser.SkipSpace();
            return parser._at == text.Length ? whole : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private Expression Sum()
    {
        Enter();
        SkipSpace();
        var sum = Signed();
        while (true)
        {
            SkipSpace();
            if (Take('+'))
                sum = new Operation('+', sum, Signed());
            else if (Current == '-')
                sum = new Operation('+', sum, Signed());
            else
                break;
        }

        _depth--;
        return sum;
    }

    private Expression Signed()
    {
        SkipSpace();
        if (Take('-'))
        {
            Enter();
            var inner = Signed();
            _depth--;
            return Negate(inner);
        }

        return Take('+') ? Signed() : Product();
    }

    private Expression Product()
    {
        var product = Power(out var plain);
        while (true)
        {
            SkipSpace();
            if (Take('*'))
            {
                product = new Operation('*', product, Factor(out plain));
            }
            else if (Take('/'))
            {
                product = new Operation('/', product, Factor(out plain));
            }
            else if (StartsFactor())
            {
                // "2 3" is not a product anyone writes; "2^6 3^5" is.
                if (plain && char.IsAsciiDigit(Current))
                    throw new FormatException();
                product = plain && AtMixedFraction(product)
                    ? new Operation('+', product, Power(out plain))
                    : new Operation('*', product, Power(out plain));
            }
            else
            {
                return product;
            }
        }
    }

    // A sign may follow an operator: 3 * -2, 2/-3.
    private Expression Factor(out bool plain)
    {
        SkipSpace();
        if (!Take('-'))
            return Power(out plain);
        Enter();
        var inner = Factor(out plain);
        _depth--;
        return Negate(inner);
    }

    private Expression Power(out bool plain)
    {
        var root = Atom();
        plain = root is Literal;
        while (true)
        {
            if (Take('!'))
                root = new Application("factorial", root);
            else if (Take('°'))
                root = new Operation('*', root, new Operation('/', Pi, new Literal(Rational.Of(180))));
            else if (Take('^'))
                root = new Operation('^', root, Exponent());
            else
                return root;
            plain = false;
        }
    }

    private Expression Exponent()
    {
        Enter();
        SkipSpace();
        Expression exponent;
        if (Take('-'))
            exponent = Negate(Exponent());
        else if (char.IsAsciiDigit(Current))
            exponent = Number();
        else
            exponent = Argument();
        _depth--;
        return exponent;
    }

    // What follows \frac, \sqrt or ^: a group, or the next single token.
    private Expression Argument()
    {
        SkipSpace();
        if (char.IsAsciiDigit(Current))
            return new Literal(Rational.Of(_text[_at++] - '0'));
        return Atom();
    }

    private Expression Atom()
    {
        _budget.Spend();
        SkipSpace();
        var c = Current;
        if (char.IsAsciiDigit(c) || (c == '.' && _at + 1 < _text.Length && char.IsAsciiDigit(_text[_at + 1])))
            return Number();
        switch (c)
        {
            case '(':
                return Group(')');
            case '{':
                return Group('}');
            case '[':
                return Group(']');
            case '|':
                return new Application("abs", Group('|'));
            case 'π':
                _at++;
                return Pi;
            case '∞':
                _at++;
                return Infinity;
            case '√':
                _at++;
                return new Application("sqrt", Argument());
            case '\\':
                return Command();
        }

        return char.IsAsciiLetter(c) ? Word() : throw new FormatException();
    }

    private Expression Group(char close)
    {
        _at++;
        var inner = Sum();
        SkipSpace();
        return Take(close) ? inner : throw new FormatException();
    }

    private Literal Number()
    {
        var start = _at;
        while (char.IsAsciiDigit(Current))
            _at++;
        var whole = _at - start;
        var fraction = 0;
        if (Current == '.' && (whole > 0 || (_at + 1 < _text.Length && char.IsAsciiDigit(_text[_at + 1]))))
        {
            _at++;
            while (char.IsAsciiDigit(Current))
            {
                _at++;
                fraction++;
            }
        }

        var digits = _text[start.._at].Replace(".", "", StringComparison.Ordinal);
        _budget.Spend(digits.Length);
        var value = Rational.Of(BigInteger.Parse(digits, CultureInfo.InvariantCulture), BigInteger.Pow(10, fraction));
        return new Literal(value ?? throw new FormatException(), fraction, digits.TrimStart('0').Length);
    }

    private Expression Command()
    {
        var name = CommandName();
        switch (name)
        {
            case "frac":
                var numerator = Argument();
                return new Operation('/', numerator, Argument());
            case "sqrt":
                SkipSpace();
                if (Current != '[')
                    return new Application("sqrt", Argument());
                var degree = Group(']');
                return new Operation('^', Argument(), new Operation('/', new Literal(Rational.Of(1)), degree));
        }

        if (Application.Known.Contains(name))
            return Apply(name);

        // Greek letters and the like are variables; a subscript is part of the name.
        return name.Length > 1 && IsLetterName(name) ? new Variable(name + Subscript()) : throw new FormatException();
    }

    private Expression Word()
    {
        var length = 1;
        while (_at + length < _text.Length && char.IsAsciiLetter(_text[_at + length]))
            length++;
        var word = _text.Substring(_at, length);
        if (Application.Known.Contains(word))
        {
            _at += length;
            return Apply(word);
        }

        if (word == "pi")
        {
            _at += length;
            return Pi;
        }

        // Up to three letters multiply each other; a longer run is a word.
        if (length > 3)
            throw new FormatException();
        _at++;
        var subscript = Subscript();
        return (word[0], subscript) switch
        {
            ('e', "") => Euler,
            ('i' or 'I', "") => Imaginary,
            _ => new Variable(word[0] + subscript),
        };
    }

    private Expression Apply(string function)
    {
        Enter();
        SkipSpace();

        // sin^2 x is (sin x)^2; sin^{-1} x would be read as its inverse by some, so it is refused.
        var exponent = Take('^') ? Exponent() : null;
        if (exponent is not (null or Literal))
            throw new FormatException();
        SkipSpace();
        var bracketed = Current is '(' or '{' or '[';
        var argument = Power(out _);
        SkipSpace();

        // sin 2x: letters belong to the argument up to the next function or operator.
        while (!bracketed && ((char.IsAsciiLetter(Current) && !AtFunction()) || Current == 'π'))
        {
            argument = new Operation('*', argument, Power(out _));
            SkipSpace();
        }

        _depth--;
        var applied = new Application(function, argument);
        return exponent is null ? applied : new Operation('^', applied, exponent);
    }

    private string Subscript()
    {
        if (Current != '_')
            return "";
        _at++;
        if (Current != '{')
            return _at < _text.Length && char.IsAsciiLetterOrDigit(Current) ? "_" + _text[_at++] : throw new FormatException();
        var end = _text.IndexOf('}', _at);
        if (end < 0)
            throw new FormatException();
        var name = _text[(_at + 1)..end].Trim();
        _at = end + 1;
        return name.All(char.IsAsciiLetterOrDigit) ? "_" + name : throw new FormatException();
    }

    private string CommandName()
    {
        var start = ++_at;
        while (char.IsAsciiLetter(Current))
            _at++;
        return _text[start.._at];
    }

    private bool AtFunction()
    {
        var length = 0;
        while (_at + length < _text.Length && char.IsAsciiLetter(_text[_at + length]))
            length++;
        return Application.Known.Contains(_text.Substring(_at, length));
    }

    // 2\frac58 is two and five eighths; 2\frac{x}{3} is a product.
    private bool AtMixedFraction(Expression before)
    {
        if (before is not Literal { FractionDigits: 0 } || !_text.AsSpan(_at).StartsWith("\\frac"))
            return false;
        var mark = _at;
        try
        {
            return Command() is Operation { Operator: '/', Left: Literal, Right: Literal };
        }
        finally
        {
            _at = mark;
        }
    }

    private bool StartsFactor() =>
        char.IsAsciiLetterOrDigit(Current) || Current is '(' or '{' or '\\' or 'π' or '√'
        || (Current == '.' && _at + 1 < _text.Length && char.IsAsciiDigit(_text[_at + 1]));

    private bool Take(char c)
    {
        if (Current != c || _at >= _text.Length)
            return false;
        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (Current == ' ')
            _at++;
    }

    private void Enter()
    {
        _budget.Spend();
        if (++_depth > GradingLimits.Depth)
            throw new FormatException();
    }

    private static Expression Negate(Expression inner)
    {
        // A negative literal stays a literal: -0.3333 is still a decimal as written.
        if (inner is Literal literal)
            return new Literal(-literal.Value, literal.FractionDigits, literal.SignificantDigits);
        return new Operation('*', new Literal(Rational.Of(-1)), inner);
    }

    private static bool IsLetterName(string name) => name is
        "alpha" or "beta" or "gamma" or "delta" or "epsilon" or "varepsilon" or "zeta" or "eta" or "theta" or "kappa" or "lambda"
        or "mu" or "nu" or "xi" or "rho" or "sigma" or "tau" or "phi" or "varphi" or "chi" or "psi" or "omega" or "Gamma"
        or "Delta" or "Theta" or "Lambda" or "Sigma" or "Phi" or "Psi" or "Omega" or "ell";
}
