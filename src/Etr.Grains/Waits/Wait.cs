namespace Etr.Grains.Waits;

/// <summary>Something that someone waits for: for what, since when, until when.</summary>
[GenerateSerializer, Immutable, Alias("etr.wait")]
public sealed record Wait
{
    /// <summary>Who waits, such as <c>group 17</c> or <c>learner</c>.</summary>
    [Id(0)] public required string Who { get; init; }

    /// <summary>For what, in words, such as <c>a free sampler slot: no sampler is live</c>.</summary>
    [Id(1)] public required string What { get; init; }

    /// <summary>For how many seconds already.</summary>
    [Id(2)] public required double Seconds { get; init; }

    /// <summary>After how many more seconds it acts by itself (retries, re-leases, gives up).</summary>
    [Id(3)] public required double DeadlineSeconds { get; init; }
}
