using Etr.Core.Rollouts;

namespace Etr.Grains.Groups;

/// <summary>What a sampler has to say about one slot. Told again after a timeout, it changes nothing.</summary>
[GenerateSerializer, Immutable, Alias("etr.slot-report")]
public sealed record SlotReport
{
    /// <summary>The slot.</summary>
    [Id(0)] public required int Slot { get; init; }

    /// <summary>The lease under which it is drawn; a report under any other than the live one is refused.</summary>
    [Id(1)] public required Guid Lease { get; init; }

    /// <summary>How many tokens of the trace come before the frame's first.</summary>
    [Id(2)] public required int From { get; init; }

    /// <summary>The new tokens, as a <see cref="TokenFrame"/>.</summary>
    [Id(3)] public required byte[] Frame { get; init; }

    /// <summary>How the trace ended; null while it goes on.</summary>
    [Id(4)] public TraceEnd? Ending { get; init; }

    /// <summary>With the ending, the ids the policy saw as prompt.</summary>
    [Id(5)] public int[]? PromptTokens { get; init; }

    /// <summary>With the ending, the lease's span as a traceparent; null where it is not traced.</summary>
    [Id(40)] public string? Trace { get; init; }
}

/// <summary>Answer to a batch of reports.</summary>
/// <param name="Refused">Leases that are no longer live: whoever draws them may stop.</param>
[GenerateSerializer, Immutable, Alias("etr.report-answer")]
public sealed record ReportAnswer([property: Id(0)] Guid[] Refused);
