namespace Etr.Grains.Groups;

/// <summary>Where a group stands.</summary>
public enum GroupPhase
{
    /// <summary>Not opened.</summary>
    Unknown,

    /// <summary>Its slots are being drawn.</summary>
    Rolling,

    /// <summary>Graded; waits in the outbox for its step.</summary>
    Sealed,

    /// <summary>Trained on.</summary>
    Consumed,

    /// <summary>Dropped: too old.</summary>
    Stale,

    /// <summary>Cancelled.</summary>
    Cancelled,
}

/// <summary>A group as a person sees it, live or over.</summary>
[GenerateSerializer, Immutable, Alias("etr.group-view")]
public sealed record GroupView
{
    /// <summary>The group's ordinal.</summary>
    [Id(0)] public required long Ordinal { get; init; }

    /// <summary>Its phase.</summary>
    [Id(1)] public required GroupPhase Phase { get; init; }

    /// <summary>The prompt's index.</summary>
    [Id(2)] public required int Prompt { get; init; }

    /// <summary>The prompt's round.</summary>
    [Id(3)] public required int Round { get; init; }

    /// <summary>Policy version it is drawn with.</summary>
    [Id(4)] public required long PolicyVersion { get; init; }

    /// <summary>Step that consumed it; 0 where none has.</summary>
    [Id(5)] public required int Step { get; init; }

    /// <summary>Its traces, by slot.</summary>
    [Id(6)] public required IReadOnlyList<TraceView> Traces { get; init; }
}

/// <summary>A trace as a person sees it. Figures after <see cref="Verdict"/> are there once the group is sealed.</summary>
[GenerateSerializer, Immutable, Alias("etr.trace-view")]
public sealed record TraceView
{
    /// <summary>Slot in the group.</summary>
    [Id(0)] public required int Slot { get; init; }

    /// <summary>Sampler that draws or drew it; empty before the first lease.</summary>
    [Id(1)] public required string Sampler { get; init; }

    /// <summary>Attempt, from 1; 0 before the first lease.</summary>
    [Id(2)] public required int Attempt { get; init; }

    /// <summary>Whether it has ended.</summary>
    [Id(3)] public required bool Ended { get; init; }

    /// <summary>Whether it ended at the length limit.</summary>
    [Id(4)] public required bool Truncated { get; init; }

    /// <summary>Text of each token, in order.</summary>
    [Id(5)] public required IReadOnlyList<string> TokenTexts { get; init; }

    /// <summary>Entropy (nats) of each token.</summary>
    [Id(6)] public required IReadOnlyList<float> TokenEntropies { get; init; }

    /// <summary>Log-probability (nats) of each token.</summary>
    [Id(7)] public required IReadOnlyList<float> TokenLogProbs { get; init; }

    /// <summary>For each token the step it belongs to, from 0.</summary>
    [Id(8)] public required IReadOnlyList<int> TokenSteps { get; init; }

    /// <summary>Entropy (nats) of each finished step.</summary>
    [Id(9)] public required IReadOnlyList<double> StepEntropies { get; init; }

    /// <summary>Trend R (nats) under the run's preset, so far or in the end.</summary>
    [Id(10)] public required double Trend { get; init; }

    /// <summary>1 right, 0 wrong, −1 not graded.</summary>
    [Id(11)] public required int Verdict { get; init; }

    /// <summary>Answer found in the text; empty where none.</summary>
    [Id(12)] public required string Extracted { get; init; }

    /// <summary>Why the verdict is what it is.</summary>
    [Id(13)] public required string VerdictReason { get; init; }

    /// <summary>Reward.</summary>
    [Id(14)] public required double Reward { get; init; }

    /// <summary>Share of the reward that is correctness.</summary>
    [Id(15)] public required double CorrectnessReward { get; init; }

    /// <summary>Share of the reward that is trend.</summary>
    [Id(16)] public required double TrendReward { get; init; }

    /// <summary>Advantage.</summary>
    [Id(17)] public required double Advantage { get; init; }

    /// <summary>R of the symmetric trend, α = β = (α+β)/2 of the preset (nats).</summary>
    [Id(18)] public required double SymmetricTrend { get; init; }

    /// <summary>The variation term (nats).</summary>
    [Id(19)] public required double Variation { get; init; }

    /// <summary>Spearman ρ of step index and step entropy; NaN where undefined.</summary>
    [Id(20)] public required double Spearman { get; init; }

    /// <summary>The oldest policy version that drew one of its tokens; −1 where it is not known.</summary>
    [Id(21)] public long OldestVersion { get; init; } = -1;

    /// <summary>The newest policy version that drew one of its tokens; −1 where it is not known.</summary>
    [Id(22)] public long NewestVersion { get; init; } = -1;
}
