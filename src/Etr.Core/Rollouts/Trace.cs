using Etr.Core.Rewards;
using Etr.Core.Steps;

namespace Etr.Core.Rollouts;

/// <summary>A trace that is over, cut into its reasoning steps.</summary>
/// <param name="Tokens">Its tokens, in order, end-of-sequence included.</param>
/// <param name="StepEnds">For each step by the sampled text the index after its last token, rising; the last is the number of tokens.</param>
/// <param name="StepEntropies">Mean full-vocabulary entropy (nats) of each of those steps.</param>
/// <param name="ReferenceStepEntropies">Mean top-five entropy (a share of ln 5) of each step by the arg-max rule.</param>
/// <param name="Truncated">Whether it was cut off at the length limit.</param>
public sealed record Trace(
    IReadOnlyList<SampledToken> Tokens,
    IReadOnlyList<int> StepEnds,
    double[] StepEntropies,
    double[] ReferenceStepEntropies,
    bool Truncated)
{
    /// <summary>Mean token entropies of thinking and of the answer.</summary>
    public ThinkSplit Parts { get; init; }

    /// <summary>The response's text.</summary>
    public string Text => string.Concat(Tokens.Select(token => token.Text));

    /// <summary>For each token the step it belongs to, from 0.</summary>
    public int[] TokenSteps
    {
        get
        {
            var steps = new int[Tokens.Count];
            int step = 0;
            for (int i = 0; i < steps.Length; i++)
            {
                step += i == StepEnds[step] ? 1 : 0;
                steps[i] = step;
            }

            return steps;
        }
    }

    /// <summary>The trace as rewards and statistics see it, once its answer has been graded.</summary>
    public GradedTrace Graded(bool correct) => new(correct, StepEntropies, ReferenceStepEntropies, Tokens.Count, Truncated)
    {
        ThinkEntropy = Parts.ThinkEntropy,
        AnswerEntropy = Parts.AnswerEntropy,
    };

    /// <summary>Cuts a whole trace.</summary>
    public static Trace Of(IReadOnlyList<SampledToken> tokens, bool truncated)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        int[] ends = StepSegmenter.Ends([.. tokens.Select(token => token.Text)]);
        double[] entropies = [.. tokens.Select(token => (double)token.Entropy)];
        double[] topFive = [.. tokens.Select(token => (double)token.TopFiveEntropy)];
        bool[] breaks = [.. tokens.Select(token => token.ArgMaxBreaks)];
        return new Trace(tokens, ends, Steps.StepEntropies.Means(entropies, ends), ReferenceSteps.Entropies(topFive, breaks), truncated)
        {
            Parts = ThinkSplit.Of(tokens),
        };
    }
}
