namespace Etr.Policy.Tokenizers.Chat.Jinja;

/// <summary>An expression of a template.</summary>
internal abstract record JinjaExpression;

internal sealed record JinjaLiteral(object? Value) : JinjaExpression;

internal sealed record JinjaName(string Name) : JinjaExpression;

internal sealed record JinjaList(IReadOnlyList<JinjaExpression> Items) : JinjaExpression;

internal sealed record JinjaMap(IReadOnlyList<(JinjaExpression Key, JinjaExpression Value)> Items) : JinjaExpression;

internal sealed record JinjaAttribute(JinjaExpression Of, string Name) : JinjaExpression;

internal sealed record JinjaItem(JinjaExpression Of, JinjaExpression Index) : JinjaExpression;

internal sealed record JinjaSlice(JinjaExpression Of, JinjaExpression? From, JinjaExpression? To, JinjaExpression? Step) : JinjaExpression;

internal sealed record JinjaCall(JinjaExpression Callee, JinjaArguments Arguments) : JinjaExpression;

internal sealed record JinjaFilter(JinjaExpression Of, string Name, JinjaArguments Arguments) : JinjaExpression;

internal sealed record JinjaTest(JinjaExpression Of, string Name, JinjaArguments Arguments, bool Negated) : JinjaExpression;

internal sealed record JinjaUnary(string Operator, JinjaExpression Of) : JinjaExpression;

internal sealed record JinjaBinary(string Operator, JinjaExpression Left, JinjaExpression Right) : JinjaExpression;

internal sealed record JinjaChoice(JinjaExpression Condition, JinjaExpression Then, JinjaExpression? Else) : JinjaExpression;

/// <summary>What is given to a call, by place and by name.</summary>
internal sealed record JinjaArguments(IReadOnlyList<JinjaExpression> Places, IReadOnlyList<(string Name, JinjaExpression Value)> Names)
{
    public static JinjaArguments None { get; } = new([], []);
}

/// <summary>A statement of a template.</summary>
/// <param name="Line">Its line, from 1.</param>
internal abstract record JinjaStatement(int Line);

internal sealed record JinjaText(int Line, MarkedText Text) : JinjaStatement(Line);

internal sealed record JinjaPrint(int Line, JinjaExpression Value) : JinjaStatement(Line);

internal sealed record JinjaIf(int Line, IReadOnlyList<(JinjaExpression? Condition, IReadOnlyList<JinjaStatement> Body)> Branches) : JinjaStatement(Line);

internal sealed record JinjaFor(
    int Line, IReadOnlyList<string> Targets, JinjaExpression Over, JinjaExpression? Where, IReadOnlyList<JinjaStatement> Body, IReadOnlyList<JinjaStatement> Else)
    : JinjaStatement(Line);

/// <summary><c>set</c>: a name, or a member of a namespace.</summary>
internal sealed record JinjaSet(int Line, string Name, string? Member, JinjaExpression? Value, IReadOnlyList<JinjaStatement> Body) : JinjaStatement(Line);

/// <summary><c>break</c> or <c>continue</c>.</summary>
internal sealed record JinjaLeave(int Line, bool Loop) : JinjaStatement(Line);
