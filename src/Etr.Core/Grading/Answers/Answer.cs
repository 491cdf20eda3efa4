using Etr.Core.Grading.Expressions;

namespace Etr.Core.Grading.Answers;

/// <summary>An answer, read for comparison.</summary>
/// <param name="Source">Its normalised text.</param>
internal abstract record Answer(string Source);

/// <summary>One formula, and the unit written after it ("" for none).</summary>
internal sealed record ScalarAnswer(string Source, Expression Value, string Unit) : Answer(Source);

/// <summary>Words, or what could not be read as anything else.</summary>
internal sealed record TextAnswer(string Source) : Answer(Source);

/// <summary>How the elements of a <see cref="SequenceAnswer"/> are held together.</summary>
internal enum SequenceKind
{
    /// <summary>Listed with commas or "and": in any order, as the roots of an equation are.</summary>
    List,

    /// <summary>In set braces: in any order.</summary>
    Set,

    /// <summary>In brackets: a point, a vector or an interval; order and kind of bracket count.</summary>
    Bracketed,

    /// <summary>Parts of a ratio or a time of day: in order, not reduced.</summary>
    Ratio,

    /// <summary>Joined by ∪, in any order.</summary>
    Union,
}

/// <summary>Several answers in one.</summary>
/// <param name="Source">Its normalised text.</param>
/// <param name="Kind">What holds them together.</param>
/// <param name="Open">The opening bracket of <see cref="SequenceKind.Bracketed"/>.</param>
/// <param name="Close">The closing one.</param>
/// <param name="Items">The elements.</param>
internal sealed record SequenceAnswer(string Source, SequenceKind Kind, char Open, char Close, IReadOnlyList<Answer> Items) : Answer(Source);

/// <summary>"x = 3", "f(x) = …", "|AB| = 1": a name and what it is.</summary>
internal sealed record NamedAnswer(string Source, string Name, Answer Value) : Answer(Source);

/// <summary>An equation or inequality with formulas on both sides, or a chain of them.</summary>
internal sealed record RelationAnswer(string Source, string Operators, IReadOnlyList<ScalarAnswer> Sides) : Answer(Source);

/// <summary>A matrix, row by row.</summary>
internal sealed record MatrixAnswer(string Source, int Columns, IReadOnlyList<Answer> Cells) : Answer(Source);
