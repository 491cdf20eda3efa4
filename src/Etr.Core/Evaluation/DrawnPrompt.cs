using Etr.Core.Rollouts;
using Etr.Core.Tasks;

namespace Etr.Core.Evaluation;

/// <summary>What a policy answered to a prompt.</summary>
/// <param name="Item">The prompt.</param>
/// <param name="Traces">Its traces, by slot.</param>
public sealed record DrawnPrompt(PromptItem Item, IReadOnlyList<DrawnTrace> Traces);

/// <summary>A trace as it was drawn.</summary>
/// <param name="Tokens">Its tokens, in order, end-of-sequence included.</param>
/// <param name="Truncated">Whether it was cut off at the length limit.</param>
public sealed record DrawnTrace(IReadOnlyList<SampledToken> Tokens, bool Truncated)
{
    /// <summary>The response's text.</summary>
    public string Text => string.Concat(Tokens.Select(token => token.Text));
}
