using System.Numerics;
using Etr.Core.Grading.Expressions;

namespace Etr.Core.Grading.Answers;

/// <summary>Decides whether two answers say the same. Doubt is no.</summary>
internal sealed class AnswerComparer(GradingBudget budget)
{
    private readonly ExpressionComparer _formulas = new(budget);

    /// <summary>Compares two answers.</summary>
    /// <exception cref="GradingBudgetException">They are too complex.</exception>
    public bool AreEqual(Answer one, Answer other)
    {
        budget.Spend();
        if (SameText(one.Source, other.Source))
            return true;
        return (one, other) switch
        {
            (NamedAnswer a, NamedAnswer b) => AreEqual(a.Value, b.Value) && (a.Name == b.Name || (IsFunction(a) && IsFunction(b))),
            (NamedAnswer a, _) => AreEqual(a.Value, other),
            (_, NamedAnswer b) => AreEqual(one, b.Value),
            (ScalarAnswer a, ScalarAnswer b) => SameUnit(a.Unit, b.Unit) && _formulas.AreEqual(a.Value, b.Value),
            (SequenceAnswer a, SequenceAnswer b) => SequencesEqual(a, b),
            (MatrixAnswer a, MatrixAnswer b) => a.Columns == b.Columns && InOrder(a.Cells, b.Cells),
            (MatrixAnswer a, SequenceAnswer b) => IsVector(a, b),
            (SequenceAnswer a, MatrixAnswer b) => IsVector(b, a),
            (RelationAnswer a, RelationAnswer b) => RelationsEqual(a, b),
            (RelationAnswer a, SequenceAnswer b) => IsRay(a, b),
            (SequenceAnswer a, RelationAnswer b) => IsRay(b, a),
            _ => false,
        };
    }

    private bool SequencesEqual(SequenceAnswer a, SequenceAnswer b)
    {
        if (a.Items.Count != b.Items.Count)
            return false;
        var (ka, kb) = (a.Kind, b.Kind);
        if (ka == SequenceKind.Bracketed && kb == SequenceKind.Bracketed)
            return a.Open == b.Open && a.Close == b.Close && InOrder(a.Items, b.Items);
        if (ka == kb)
            return ka == SequenceKind.Ratio ? InOrder(a.Items, b.Items) : ListsEqual(a.Items, b.Items);
        return (ka, kb) switch
        {
            (SequenceKind.List, SequenceKind.Set) or (SequenceKind.Set, SequenceKind.List) => InAnyOrder(a.Items, b.Items),
            (SequenceKind.List, SequenceKind.Bracketed) => IsPoint(b) && InOrder(a.Items, b.Items),
            (SequenceKind.Bracketed, SequenceKind.List) => IsPoint(a) && InOrder(a.Items, b.Items),
            _ => false,
        };
    }

    // A point may lose its parentheses; an interval in square brackets may not.
    private static bool IsPoint(SequenceAnswer sequence) => sequence is { Open: '(', Close: ')' };

    // Two values of different names keep their order unless both sides name them.
    private bool ListsEqual(IReadOnlyList<Answer> a, IReadOnlyList<Answer> b)
    {
        var (namesA, namesB) = (Names(a), Names(b));
        return namesA != namesB && (namesA > 1 || namesB > 1) ? InOrder(a, b) : InAnyOrder(a, b);
    }

    private static int Names(IReadOnlyList<Answer> items) =>
        items.OfType<NamedAnswer>().Select(item => item.Name).Distinct(StringComparer.Ordinal).Count();

    private bool InOrder(IReadOnlyList<Answer> a, IReadOnlyList<Answer> b) =>
        a.Count == b.Count && a.Zip(b).All(pair => AreEqual(pair.First, pair.Second));

    private bool InAnyOrder(IReadOnlyList<Answer> a, IReadOnlyList<Answer> b)
    {
        if (a.Count != b.Count)
            return false;
        var left = b.ToList();
        foreach (var item in a)
        {
            var at = left.FindIndex(candidate => AreEqual(item, candidate));
            if (at < 0)
                return false;
            left.RemoveAt(at);
        }

        return true;
    }

    // A matrix of one column or one row is a vector.
    private bool IsVector(MatrixAnswer matrix, SequenceAnswer sequence) =>
        sequence is { Kind: SequenceKind.Bracketed, Open: '[' or '(', Close: ']' or ')' }
        && (matrix.Columns == 1 || matrix.Columns == matrix.Cells.Count)
        && InOrder(matrix.Cells, sequence.Items);

    private bool RelationsEqual(RelationAnswer a, RelationAnswer b)
    {
        if (a.Sides.Count != b.Sides.Count)
            return false;
        if (a.Sides.Count > 2)
            return a.Operators == b.Operators && InOrder(a.Sides, b.Sides);

        // lhs − rhs of one is a constant multiple of the other's; a negative one turns the sign around.
        var factor = _formulas.ConstantRatio(Difference(a), Difference(b));
        return factor is { } c && (c > 0 ? a.Operators : Turned(a.Operators)) == b.Operators;
    }

    // x ≥ 5 is [5, ∞), x < 2 is (−∞, 2).
    private bool IsRay(RelationAnswer relation, SequenceAnswer interval)
    {
        if (relation.Sides.Count != 2 || interval is not { Kind: SequenceKind.Bracketed, Items: [ScalarAnswer low, ScalarAnswer high] })
            return false;
        var (name, sign, bound) = (relation.Sides[0], relation.Operators, relation.Sides[1]);
        if (name.Value is not Variable)
            (name, sign, bound) = (bound, Turned(sign), name);
        if (name.Value is not Variable)
            return false;
        return sign switch
        {
            ">" or "≥" => interval.Open == (sign == ">" ? '(' : '[') && IsInfinite(high, 1) && AreEqual(low, bound),
            "<" or "≤" => interval.Close == (sign == "<" ? ')' : ']') && IsInfinite(low, -1) && AreEqual(high, bound),
            _ => false,
        };
    }

    private bool IsInfinite(ScalarAnswer end, int sign)
    {
        var value = end.Value.At(_ => Complex.NaN, budget);
        return double.IsInfinity(value.Real) && Math.Sign(value.Real) == sign;
    }

    private static Operation Difference(RelationAnswer relation) =>
        new('+', relation.Sides[0].Value, new Operation('*', new Literal(Rational.Of(-1)), relation.Sides[1].Value));

    private static string Turned(string sign) => sign switch
    {
        "<" => ">",
        ">" => "<",
        "≤" => "≥",
        "≥" => "≤",
        _ => sign,
    };

    // y = 2x + 3 and f(x) = 2x + 3 define the same function.
    private static bool IsFunction(NamedAnswer named) => named.Name.EndsWith(')') || named.Name is "y";

    // A unit on one side alone is dropped; two must agree.
    private static bool SameUnit(string a, string b) => a == b || a.Length == 0 || b.Length == 0;

    private static bool SameText(string a, string b) => Squeeze(a).Equals(Squeeze(b), StringComparison.OrdinalIgnoreCase) && IsCaseSafe(a, b);

    // Words may differ in case; letters that stand for quantities may not.
    private static bool IsCaseSafe(string a, string b) => Squeeze(a) == Squeeze(b) || a.Count(char.IsLetter) > 3;

    // Spaces say nothing, but "12, 345" are two numbers and "12,345" is one.
    private static string Squeeze(string text) => string.Concat(text.Where((c, i) =>
        c != ' ' || (i > 0 && i + 1 < text.Length && (char.IsAsciiDigit(text[i - 1]) || text[i - 1] == ',') && char.IsAsciiDigit(text[i + 1]))));
}
