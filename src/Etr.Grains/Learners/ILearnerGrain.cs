using Orleans.Concurrency;

namespace Etr.Grains.Learners;

/// <summary>
/// The learner of a run; its key is the run's name. It takes sealed groups from their outboxes, trains on the first ones by
/// ordinal, and commits each step with one write.
/// </summary>
public interface ILearnerGrain : IGrainWithStringKey
{
    /// <summary>Offers a sealed group. Asked again until the answer is final.</summary>
    [AlwaysInterleave]
    Task<SubmitAnswer> SubmitAsync(GroupSubmission submission);

    /// <summary>
    /// These ordinals, and all before <paramref name="before"/> that no step has consumed, will never be trained on. Idempotent.
    /// </summary>
    [AlwaysInterleave]
    Task SkipAsync(long before, long[] ordinals);

    /// <summary>Wakes the learner, and tells how it does.</summary>
    /// <param name="keep">Steps whose files are kept however old they are: the best one evaluated, and one that is to be.</param>
    [AlwaysInterleave]
    Task<LearnerPulse> TouchAsync(int[] keep);

    /// <summary>
    /// Commits no further step. Once this returns, the run has heard of every step that was committed, and what it has open can be
    /// cancelled: one that is being trained is thrown away. Idempotent; the first reason stands.
    /// </summary>
    [AlwaysInterleave]
    Task EndAsync(string reason);
}

/// <summary>A sealed group on offer.</summary>
[GenerateSerializer, Immutable, Alias("etr.group-submission")]
public sealed record GroupSubmission
{
    /// <summary>The group's ordinal.</summary>
    [Id(0)] public required long Ordinal { get; init; }

    /// <summary>The prompt's index.</summary>
    [Id(1)] public required int Prompt { get; init; }

    /// <summary>The prompt's round.</summary>
    [Id(2)] public required int Round { get; init; }

    /// <summary>Policy version that drew it.</summary>
    [Id(3)] public required long PolicyVersion { get; init; }

    /// <summary>The body's SHA-256, which is its file's name.</summary>
    [Id(4)] public required string Sha256 { get; init; }

    /// <summary>The body's size in bytes.</summary>
    [Id(5)] public required long Bytes { get; init; }

    /// <summary>Seconds that grading and scoring its traces took; NaN where it was not measured.</summary>
    [Id(80)] public double GradeSeconds { get; init; } = double.NaN;

    /// <summary>Seconds from the end of its last trace until it was sealed; NaN where it was not measured.</summary>
    [Id(81)] public double SealSeconds { get; init; } = double.NaN;

    /// <summary>The span that sealed it, as a traceparent; null where it is not traced.</summary>
    [Id(40)] public string? Trace { get; init; }

    /// <summary>The spans of the leases that drew its traces.</summary>
    [Id(41)] public string[] Leases { get; init; } = [];
}

/// <summary>What the learner says to a sealed group.</summary>
public enum SubmitKind
{
    /// <summary>Held in memory only: ask again.</summary>
    Accepted,

    /// <summary>Trained on, in a committed step. Final.</summary>
    Committed,

    /// <summary>Its ordinal was decided long ago. Final.</summary>
    Duplicate,

    /// <summary>Too old to be trained on. Final.</summary>
    Stale,
}

/// <summary>The answer to a submission.</summary>
/// <param name="Kind">What is said.</param>
/// <param name="Step">The step, where it is known; else 0.</param>
[GenerateSerializer, Immutable, Alias("etr.submit-answer")]
public readonly record struct SubmitAnswer([property: Id(0)] SubmitKind Kind, [property: Id(1)] int Step);

/// <summary>How a learner is doing.</summary>
[GenerateSerializer, Immutable, Alias("etr.learner-pulse")]
public sealed record LearnerPulse
{
    /// <summary>Last committed step.</summary>
    [Id(0)] public required int Step { get; init; }

    /// <summary>Sealed groups in hand, not yet committed.</summary>
    [Id(1)] public required int Held { get; init; }

    /// <summary>What it waits for; null while it trains.</summary>
    [Id(2)] public Waits.Wait? Wait { get; init; }

    /// <summary>Why training cannot go on, in words; empty while all is well.</summary>
    [Id(3)] public required string Fault { get; init; }

    /// <summary>Why it commits no further step; empty while it may.</summary>
    [Id(4)] public string Ended { get; init; } = "";
}
