using Etr.Core.Entropies;
using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Core.Steps;

namespace Etr.Core.Rewards;

/// <summary>What a reward may know of a finished trace.</summary>
/// <param name="Correct">The grader's verdict on the answer.</param>
/// <param name="StepEntropies">Mean full-vocabulary entropy of each step by the sampled text, in nats.</param>
/// <param name="ReferenceStepEntropies">
/// Mean top-five entropy of each step by the arg-max rule, a share of ln 5; empty where no step is left or none was measured.
/// </param>
/// <param name="TokenCount">Length of the response in tokens.</param>
/// <param name="Truncated">Whether it was cut off at the length limit.</param>
public sealed record GradedTrace(
    bool Correct,
    ReadOnlyMemory<double> StepEntropies,
    ReadOnlyMemory<double> ReferenceStepEntropies,
    int TokenCount,
    bool Truncated = false)
{
    /// <summary>The trace's place in its group, from 0; it stays what it was where traces of the group are left out.</summary>
    public int Slot { get; init; }

    /// <summary>Mean token entropy (nats) before the token that completes <c>&lt;/think&gt;</c>; of all tokens where there is none.</summary>
    public double ThinkEntropy { get; init; }

    /// <summary>Mean token entropy (nats) after the token that completes <c>&lt;/think&gt;</c>; 0 where nothing is after it.</summary>
    public double AnswerEntropy { get; init; }

    /// <summary>Measures the steps of a finished trace.</summary>
    /// <param name="tokens">Its sampled tokens in order, end-of-sequence included.</param>
    /// <param name="correct">The grader's verdict.</param>
    /// <param name="truncated">Whether it was cut off at the length limit.</param>
    /// <returns>The trace, with both kinds of step entropies.</returns>
    public static GradedTrace Of(IReadOnlyList<SampledToken> tokens, bool correct, bool truncated)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var byText = Steps.StepEntropies.Of(tokens, EntropyKind.FullVocabulary, StepRule.SampledText);
        var byArgMax = Steps.StepEntropies.Of(tokens, EntropyKind.TopFive, StepRule.ArgMaxToken);
        var parts = ThinkSplit.Of(tokens);
        return new GradedTrace(correct, byText, byArgMax, tokens.Count, truncated)
        {
            ThinkEntropy = parts.ThinkEntropy,
            AnswerEntropy = parts.AnswerEntropy,
        };
    }

    /// <summary>The step entropies that a preset looks at.</summary>
    /// <param name="preset">The preset; its step rule decides.</param>
    /// <returns>One mean a step; under the arg-max rule without the exact zeros at the end.</returns>
    public ReadOnlySpan<double> StepsFor(EtrPreset preset)
    {
        ArgumentNullException.ThrowIfNull(preset);
        return preset.Steps == StepRule.ArgMaxToken
            ? ReferenceSteps.TrimTrailingZeros(ReferenceStepEntropies.Span)
            : StepEntropies.Span;
    }
}
