using System.Numerics;

namespace Etr.Core.Grading.Expressions;

/// <summary>
/// Decides whether two formulas are equal: exactly where both are rational, by their values at fixed, scattered points where
/// they hold variables or irrational numbers.
/// </summary>
internal sealed class ExpressionComparer(GradingBudget budget)
{
    private const int Points = 8;
    private const int NeededPoints = 4;
    private const double Tolerance = 1e-11;

    // A decimal is the rounding of a value only if it was worked out, not guessed.
    private const int NeededDigits = 4;

    /// <summary>True if they are equal for every value of their variables, as far as can be told.</summary>
    public bool AreEqual(Expression a, Expression b)
    {
        if (a.Equals(b))
            return true;
        var (exactA, exactB) = (a.Exact(budget), b.Exact(budget));
        if (exactA is { } x && exactB is { } y)
            return x.Equals(y) || IsRounding(a, b, y) || IsRounding(b, a, x);
        if (SameVariables(a, b) is not { } names)
            return false;
        if (names.Count == 0 && (IsRounding(a, b, exactB) || IsRounding(b, a, exactA)))
            return true;
        return AgreeAtPoints(a, b, names, (u, v) => IsClose(u, v));
    }

    /// <summary>The real constant c with a = c·b for every value of their variables; null if there is none.</summary>
    public double? ConstantRatio(Expression a, Expression b)
    {
        Complex? ratio = null;
        if (SameVariables(a, b) is not { Count: > 0 } names)
            return null;
        var agree = AgreeAtPoints(a, b, names, (u, v) =>
        {
            if (v == Complex.Zero)
                return u == Complex.Zero;
            ratio ??= u / v;
            return IsClose(u, ratio.Value * v);
        });
        return agree && ratio is { } c && c.Real != 0 && Math.Abs(c.Imaginary) <= Tolerance * Math.Abs(c.Real) ? c.Real : null;
    }

    private bool AgreeAtPoints(Expression a, Expression b, SortedSet<string> names, Func<Complex, Complex, bool> agree)
    {
        var compared = 0;
        for (var point = 0; point < Points; point++)
        {
            var at = point;
            Complex Value(string name) => Sample(at, names.TakeWhile(n => n != name).Count());
            var (u, v) = (a.At(Value, budget), b.At(Value, budget));

            // Outside the domain of one, it has to be outside the domain of both.
            if (!Complex.IsFinite(u) || !Complex.IsFinite(v))
            {
                if (Complex.IsFinite(u) != Complex.IsFinite(v))
                    return false;
                continue;
            }

            if (!agree(u, v))
                return false;
            compared++;
            if (names.Count == 0)
                return true;
        }

        return compared >= NeededPoints;
    }

    // Both signs, so that √(x²) is not x; irrational steps, so that no point is special.
    private static Complex Sample(int point, int variable)
    {
        var step = (point + 1) * 0.6180339887498949 + (variable + 1) * 0.7548776662466927 + point * variable * 0.5698402909980532;
        var share = step - Math.Floor(step);
        return (point % 2 == 0 ? 1 : -1) * (0.3 + 2.1 * share);
    }

    private static SortedSet<string>? SameVariables(Expression a, Expression b)
    {
        var (ofA, ofB) = (new SortedSet<string>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal));
        a.Variables(ofA);
        b.Variables(ofB);
        return ofA.SetEquals(ofB) ? ofA : null;
    }

    private static bool IsClose(Complex u, Complex v) =>
        Complex.Abs(u - v) <= Tolerance * Math.Max(1e-3, Math.Max(Complex.Abs(u), Complex.Abs(v)));

    // 0.3333 for 1/3, 1.732 for √3: a value without finite decimals, rounded to at least four digits.
    private bool IsRounding(Expression rounded, Expression value, Rational? exact)
    {
        var (literal, scale) = rounded switch
        {
            Literal plain => (plain, 1),
            Operation { Operator: '*', Left: Literal mantissa, Right: Operation { Operator: '^', Left: Literal } power } => (mantissa, PowerOfTen(power)),
            _ => (null, double.NaN),
        };
        if (literal is not { FractionDigits: > 0, SignificantDigits: >= NeededDigits } || exact is { IsDecimal: true })
            return false;
        var number = exact?.ToDouble() ?? RealValue(value);
        var halfUnit = 0.5 * scale * Math.Pow(10, -literal.FractionDigits);
        return Math.Abs(number - literal.Value.ToDouble() * scale) <= halfUnit * (1 + 1e-9);
    }

    private double PowerOfTen(Operation power) =>
        power.Left.Exact(budget) is { } ten && ten.Equals(Rational.Of(10)) && power.Right is Literal && power.Exact(budget) is { } value
            ? value.ToDouble()
            : double.NaN;

    private double RealValue(Expression value)
    {
        var number = value.At(_ => Complex.NaN, budget);
        return Math.Abs(number.Imaginary) <= Tolerance ? number.Real : double.NaN;
    }
}
