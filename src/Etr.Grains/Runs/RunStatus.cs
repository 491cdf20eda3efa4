using Etr.Grains.Diagnosis;
using Etr.Grains.Waits;

namespace Etr.Grains.Runs;

/// <summary>Where a run stands in its life.</summary>
public enum RunState
{
    /// <summary>No such run.</summary>
    Unknown,

    /// <summary>Dealing, drawing and training.</summary>
    Running,

    /// <summary>Not dealing; resumable.</summary>
    Paused,

    /// <summary>All steps committed, or converged.</summary>
    Completed,

    /// <summary>Ended by a fault that a person must look at; resumable.</summary>
    Failed,
}

/// <summary>Why a group will never be trained on.</summary>
public enum GroupCancellation
{
    /// <summary>Dropped for want of signal.</summary>
    Filtered,

    /// <summary>Its prompt failed repeatedly.</summary>
    Quarantined,

    /// <summary>No trace of it could be graded.</summary>
    Unscorable,

    /// <summary>A person cancelled it, or the run ended while it was open.</summary>
    Operator,
}

/// <summary>
/// Counts of groups by state; closed when created = consumed + stale + filtered + quarantined + unscorable + operator + open.
/// </summary>
[GenerateSerializer, Immutable, Alias("etr.ledger-counts")]
public sealed record LedgerCounts
{
    /// <summary>Ordinals dealt.</summary>
    [Id(0)] public required long Created { get; init; }

    /// <summary>Trained on in a committed step.</summary>
    [Id(1)] public required long Consumed { get; init; }

    /// <summary>Dropped for staleness.</summary>
    [Id(2)] public required long Stale { get; init; }

    /// <summary>Cancelled for want of signal.</summary>
    [Id(3)] public required long Filtered { get; init; }

    /// <summary>Cancelled because their prompt failed repeatedly.</summary>
    [Id(4)] public required long Quarantined { get; init; }

    /// <summary>Cancelled because nothing of them could be graded.</summary>
    [Id(5)] public required long Unscorable { get; init; }

    /// <summary>Cancelled by a person or by the run's end.</summary>
    [Id(6)] public required long Operator { get; init; }

    /// <summary>Dealt and not yet in another state.</summary>
    [Id(7)] public required long Open { get; init; }

    /// <summary>Whether every dealt group is in exactly one state.</summary>
    public bool IsClosed => Created == Consumed + Stale + Filtered + Quarantined + Unscorable + Operator + Open;
}

/// <summary>A run at one moment.</summary>
[GenerateSerializer, Immutable, Alias("etr.run-status")]
public sealed record RunStatus
{
    /// <summary>The run's name.</summary>
    [Id(0)] public required string Run { get; init; }

    /// <summary>Its state.</summary>
    [Id(1)] public required RunState State { get; init; }

    /// <summary>Why it is in that state, in words; empty while running.</summary>
    [Id(2)] public required string Reason { get; init; }

    /// <summary>Last committed step, 0 before the first.</summary>
    [Id(3)] public required int Step { get; init; }

    /// <summary>Steps it was asked for.</summary>
    [Id(4)] public required int Steps { get; init; }

    /// <summary>Seconds since it was started, pauses included.</summary>
    [Id(5)] public required double ElapsedSeconds { get; init; }

    /// <summary>The ledger.</summary>
    [Id(6)] public required LedgerCounts Groups { get; init; }

    /// <summary>The last committed step's summary; null before the first.</summary>
    [Id(7)] public StepSummary? LastStep { get; init; }

    /// <summary>What the run waits for right now, longest first.</summary>
    [Id(8)] public required IReadOnlyList<Wait> Waits { get; init; }

    /// <summary>Safetensors of the newest published policy.</summary>
    [Id(9)] public required string PolicyFile { get; init; }

    /// <summary>Its SHA-256.</summary>
    [Id(10)] public required string PolicySha256 { get; init; }

    /// <summary>Checkpoint of the last committed step; empty before the first.</summary>
    [Id(11)] public required string CheckpointFile { get; init; }

    /// <summary>Its SHA-256; empty before the first.</summary>
    [Id(12)] public required string CheckpointSha256 { get; init; }

    /// <summary>Tokens its samplers drew since the run was started or last resumed.</summary>
    [Id(13)] public required long SampledTokens { get; init; }

    /// <summary>Steps whose update was skipped because loss or gradients were not finite.</summary>
    [Id(14)] public required int SkippedSteps { get; init; }

    /// <summary>Evaluations during the run, oldest first.</summary>
    [Id(15)] public IReadOnlyList<RunEvaluation> Evaluations { get; init; } = [];

    /// <summary>What the guards have found, in order.</summary>
    [Id(16)] public IReadOnlyList<RunAlarm> Alarms { get; init; } = [];

    /// <summary>What is wrong with it (docs/diagnosis.md), the most urgent first.</summary>
    [Id(40)] public IReadOnlyList<RunFinding> Findings { get; init; } = [];

    /// <summary>The most urgent finding in words; empty where there is none.</summary>
    public string Health => Findings is [var first, ..] ? first.Words : "";
}
