using Etr.Core.Rollouts;
using Etr.Grains.Runs;

namespace Etr.Grains.Groups;

/// <summary>What a group must remember. Once sealed, the bulk is in its file and only the hash stays.</summary>
[GenerateSerializer, Alias("etr.group-record")]
internal sealed class GroupRecord
{
    [Id(0)] public GroupSpec? Spec { get; set; }

    [Id(1)] public GroupPhase Phase { get; set; }

    [Id(2)] public SlotRecord[] Slots { get; set; } = [];

    [Id(3)] public int[] PromptTokens { get; set; } = [];

    /// <summary>Draws that failed outright.</summary>
    [Id(4)] public int Failures { get; set; }

    [Id(5)] public string Sha256 { get; set; } = "";

    [Id(6)] public long Bytes { get; set; }

    /// <summary>Tokens of the sealed traces.</summary>
    [Id(7)] public long Tokens { get; set; }

    /// <summary>Step that consumed the group.</summary>
    [Id(8)] public int Step { get; set; }

    [Id(9)] public GroupCancellation Cancellation { get; set; }

    /// <summary>What the prompt has to be told of the sealed round; null once it knows.</summary>
    [Id(10)] public Prompts.RoundResult? Untold { get; set; }

    /// <summary>Whether slots were lost with a process, so that one of the group's traces may have killed it.</summary>
    [Id(11)] public bool Suspect { get; set; }

    /// <summary>Processes that were lost while they drew this group alone.</summary>
    [Id(12)] public int CrashesAlone { get; set; }

    /// <summary>The policy that slots are leased with since the run switched to it; null while it is the one the group was opened with.</summary>
    [Id(13)] public GroupPolicy? Switched { get; set; }

    /// <summary>Seconds that grading and scoring its traces took; NaN where it was not measured.</summary>
    [Id(80)] public double GradeSeconds { get; set; } = double.NaN;

    /// <summary>Seconds from the end of its last trace until it was sealed; NaN where it was not measured.</summary>
    [Id(81)] public double SealSeconds { get; set; } = double.NaN;

    /// <summary>The span that opened the group, as a traceparent; null where it is not traced.</summary>
    [Id(40)] public string? Trace { get; set; }

    /// <summary>The span that sealed it.</summary>
    [Id(41)] public string? SealTrace { get; set; }

    /// <summary>The spans of the leases that drew its traces.</summary>
    [Id(42)] public string[] LeaseTraces { get; set; } = [];
}

/// <summary>A slot of a group: its lease, its attempt, and what of its trace is on disk.</summary>
[GenerateSerializer, Alias("etr.slot-record")]
internal sealed record SlotRecord
{
    [Id(0)] public int Attempt { get; init; }

    [Id(1)] public string Sampler { get; init; } = "";

    [Id(2)] public Guid Epoch { get; init; }

    /// <summary>The live lease; empty where there is none.</summary>
    [Id(3)] public Guid Lease { get; init; }

    /// <summary>The tokens so far, as a <see cref="TokenFrame"/>; empty where none are kept.</summary>
    [Id(4)] public byte[] Frame { get; init; } = [];

    [Id(5)] public TraceEnd? Ending { get; init; }

    /// <summary>The sampler's silo: with it whoever keeps the pool's book can tell how the lease was lost.</summary>
    [Id(6)] public SiloAddress? Silo { get; init; }

    /// <summary>Whether nothing else was to be drawn in the process.</summary>
    [Id(7)] public bool Alone { get; init; }

    /// <summary>The policy version of the newest lease.</summary>
    [Id(8)] public long PolicyVersion { get; init; }

    /// <summary>The spans of the leases that have ended, as traceparents; none where they are not traced.</summary>
    [Id(40)] public string[] Traces { get; init; } = [];
}
