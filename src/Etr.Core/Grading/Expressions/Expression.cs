using System.Numerics;

namespace Etr.Core.Grading.Expressions;

/// <summary>A formula: exact where it is rational, numeric where it is not.</summary>
internal abstract record Expression
{
    /// <summary>Its exact value; null where it is not rational, too large, or depends on a variable.</summary>
    public abstract Rational? Exact(GradingBudget budget);

    /// <summary>Its value with each variable replaced; not finite where it has none.</summary>
    public abstract Complex At(Func<string, Complex> variables, GradingBudget budget);

    /// <summary>Collects the names of its variables.</summary>
    public abstract void Variables(ISet<string> names);
}

/// <summary>A number as written.</summary>
/// <param name="Value">Its exact value.</param>
/// <param name="FractionDigits">Digits written after the decimal point; 0 where there is none.</param>
/// <param name="SignificantDigits">Digits written from the first that is not 0.</param>
internal sealed record Literal(Rational Value, int FractionDigits = 0, int SignificantDigits = 0) : Expression
{
    public override Rational? Exact(GradingBudget budget) => Value;

    public override Complex At(Func<string, Complex> variables, GradingBudget budget) => Value.ToDouble();

    public override void Variables(ISet<string> names)
    {
    }
}

/// <summary>π, e, i or ∞.</summary>
internal sealed record Constant(Complex Value) : Expression
{
    public override Rational? Exact(GradingBudget budget) => null;

    public override Complex At(Func<string, Complex> variables, GradingBudget budget) => Value;

    public override void Variables(ISet<string> names)
    {
    }
}

/// <summary>A letter.</summary>
internal sealed record Variable(string Name) : Expression
{
    public override Rational? Exact(GradingBudget budget) => null;

    public override Complex At(Func<string, Complex> variables, GradingBudget budget) => variables(Name);

    public override void Variables(ISet<string> names) => names.Add(Name);
}

/// <summary>Two formulas joined by + * / or ^.</summary>
internal sealed record Operation(char Operator, Expression Left, Expression Right) : Expression
{
    public override Rational? Exact(GradingBudget budget)
    {
        budget.Spend(8);
        if (Left.Exact(budget) is not { } left || Right.Exact(budget) is not { } right)
            return null;
        return Operator switch
        {
            '+' => left + right,
            '*' => left * right,
            '/' => left / right,
            _ => left.Power(right),
        };
    }

    public override Complex At(Func<string, Complex> variables, GradingBudget budget)
    {
        budget.Spend();
        var (left, right) = (Left.At(variables, budget), Right.At(variables, budget));
        return Operator switch
        {
            '+' => left + right,
            '*' => left * right,
            '/' => left / right,
            _ => left == Complex.Zero ? (right.Real > 0 ? Complex.Zero : Complex.NaN) : Complex.Pow(left, right),
        };
    }

    public override void Variables(ISet<string> names)
    {
        Left.Variables(names);
        Right.Variables(names);
    }
}

/// <summary>A named function of one formula.</summary>
internal sealed record Application(string Function, Expression Argument) : Expression
{
    public static readonly IReadOnlySet<string> Known = new HashSet<string>(StringComparer.Ordinal)
    {
        "sqrt", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "ln", "log", "exp", "abs", "factorial",
    };

    public override Rational? Exact(GradingBudget budget)
    {
        budget.Spend(8);
        if (Argument.Exact(budget) is not { } value)
            return null;
        return Function switch
        {
            "sqrt" => value.SquareRoot(),
            "abs" => value.Numerator.Sign < 0 ? -value : value,
            "factorial" => Factorial(value),
            _ => null,
        };
    }

    public override Complex At(Func<string, Complex> variables, GradingBudget budget)
    {
        budget.Spend();
        var x = Argument.At(variables, budget);
        return Function switch
        {
            "sqrt" => Complex.Sqrt(x),
            "sin" => Complex.Sin(x),
            "cos" => Complex.Cos(x),
            "tan" => Complex.Tan(x),
            "cot" => 1 / Complex.Tan(x),
            "sec" => 1 / Complex.Cos(x),
            "csc" => 1 / Complex.Sin(x),
            "arcsin" => Complex.Asin(x),
            "arccos" => Complex.Acos(x),
            "arctan" => Complex.Atan(x),
            "ln" or "log" => Complex.Log(x),
            "exp" => Complex.Exp(x),
            "abs" => Complex.Abs(x),
            _ => Complex.NaN,
        };
    }

    public override void Variables(ISet<string> names) => Argument.Variables(names);

    private static Rational? Factorial(Rational value)
    {
        if (!value.Denominator.IsOne || value.Numerator.Sign < 0 || value.Numerator > 100)
            return null;
        var product = BigInteger.One;
        for (var i = 2; i <= (int)value.Numerator; i++)
            product *= i;
        return Rational.Of(product, BigInteger.One);
    }
}
