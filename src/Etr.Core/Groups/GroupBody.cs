using Etr.Core.Grading;
using Etr.Core.Rollouts;

namespace Etr.Core.Groups;

/// <summary>
/// A sealed group: what was drawn, how it was graded, what it earned. Its bytes (<see cref="GroupBodyCodec"/>) depend on
/// nothing but that, so the same traces have the same hash on whatever sampler they were drawn.
/// </summary>
/// <param name="Ordinal">Run-wide ordinal.</param>
/// <param name="Prompt">The prompt's index.</param>
/// <param name="Round">The prompt's round.</param>
/// <param name="PolicyVersion">Policy version it was leased with.</param>
/// <param name="PromptTokens">Ids the policy saw as prompt.</param>
/// <param name="Traces">Its traces, by slot.</param>
public sealed record GroupBody(
    long Ordinal,
    int Prompt,
    int Round,
    long PolicyVersion,
    IReadOnlyList<int> PromptTokens,
    IReadOnlyList<GroupTrace> Traces);

/// <summary>A trace of a sealed group.</summary>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Truncated">Whether it was cut off at the length limit.</param>
/// <param name="Verdict">The grader's verdict.</param>
/// <param name="Payment">Reward and advantage.</param>
public sealed record GroupTrace(IReadOnlyList<SampledToken> Tokens, bool Truncated, Verdict Verdict, TracePayment Payment)
{
    /// <summary>
    /// Why it could not be scored, in words; null where it was. Such a trace counts in no statistic of its group, has no
    /// advantage and is left out of the loss.
    /// </summary>
    public string? Unscorable { get; init; }

    /// <summary>
    /// What each shaper of the run's mix alone would pay, in the mix's order, null where it could not; empty where the
    /// payment's reward is that of the one shaper (<see cref="Runs.RewardPlan.RecordsParts"/>).
    /// </summary>
    public IReadOnlyList<double?> Parts { get; init; } = [];
}

/// <summary>What a trace earned.</summary>
/// <param name="Reward">The shaped reward r.</param>
/// <param name="Trend">R (nats) as the shaper saw it; 0 where it ignores entropy.</param>
/// <param name="CorrectnessTerm">What the verdict alone paid.</param>
/// <param name="TrendTerm">What trend and variation paid together.</param>
/// <param name="Advantage">
/// The advantage over the group; for an estimator that scales by the whole batch, 0 until the learner has the batch.
/// </param>
public sealed record TracePayment(double Reward, double Trend, double CorrectnessTerm, double TrendTerm, double Advantage)
{
    /// <summary>Of an unscored trace.</summary>
    public static TracePayment None { get; } = new(0, 0, 0, 0, 0);
}
