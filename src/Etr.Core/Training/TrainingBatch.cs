namespace Etr.Core.Training;

/// <summary>The groups of one step, in the order of their ordinals.</summary>
/// <param name="Step">The step this update makes, from 1; also the policy version it gives.</param>
/// <param name="Groups">Sealed groups, ascending by ordinal.</param>
public sealed record TrainingBatch(int Step, IReadOnlyList<TrainingGroup> Groups)
{
    /// <summary>Share of the learning rate that this update is made with (0 to 1). The default value is 1.</summary>
    public double RateFactor { get; init; } = 1;
}

/// <summary>A sealed group as the learner sees it.</summary>
/// <param name="Ordinal">Run-wide ordinal, in dealing order.</param>
/// <param name="PromptTokens">Ids of the prompt, shared by the traces.</param>
/// <param name="Traces">The group's traces, by slot.</param>
public sealed record TrainingGroup(long Ordinal, IReadOnlyList<int> PromptTokens, IReadOnlyList<TrainingTrace> Traces);

/// <summary>A trace as the learner sees it: nothing of the stages before the advantage.</summary>
/// <param name="Tokens">Ids of the drawn tokens, end-of-sequence included.</param>
/// <param name="LogProbs">The sampler's log-probability (nats) of each, untruncated, at the sampling temperature.</param>
/// <param name="Advantage">The trace's advantage; every token carries it.</param>
/// <param name="Masked">Whether the trace is left out of the loss (truncated, under <c>mask</c>).</param>
public sealed record TrainingTrace(IReadOnlyList<int> Tokens, IReadOnlyList<float> LogProbs, double Advantage, bool Masked);
