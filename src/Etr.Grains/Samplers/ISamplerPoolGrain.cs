using Orleans.Concurrency;

namespace Etr.Grains.Samplers;

/// <summary>
/// Who draws what: grants slot leases by capacity, all slots of a group to one sampler where it has room, and voids the
/// leases of samplers that were lost. It persists nothing; after its own failure it learns the leases from heartbeats.
/// </summary>
public partial interface ISamplerPoolGrain
{
    /// <summary>
    /// Asks for leases. Waits in line, older groups first, until there is room or <see cref="EtrGrainOptions.SlotWait"/> has
    /// passed; then the grant is empty and says why.
    /// </summary>
    [ResponseTimeout("00:00:15")]
    Task<LeaseGrant> LeaseAsync(LeaseRequest request);

    /// <summary>Gives leases back: their slots have ended or are no longer wanted. Idempotent.</summary>
    Task ReleaseAsync(Guid[] leases);

    /// <summary>Which of these leases, granted by a sampler on a silo, are not live; a group asks when it is touched.</summary>
    [AlwaysInterleave]
    Task<DeadLeases> FindDeadAsync(string sampler, Guid epoch, SiloAddress? silo, Guid[] leases);

    /// <summary>A sampler lives. Answers with the leases it should stop drawing.</summary>
    [ResponseTimeout("00:00:05")]
    Task<Guid[]> HeartbeatAsync(SamplerHeartbeat heartbeat);

    /// <summary>A sampler leaves in good order: its leases are void at once.</summary>
    Task LeaveAsync(string sampler, Guid epoch);
}

/// <summary>A group's wish for leases.</summary>
[GenerateSerializer, Immutable, Alias("etr.lease-request")]
public sealed record LeaseRequest
{
    /// <summary>The group's key.</summary>
    [Id(0)] public required string Group { get; init; }

    /// <summary>The group's ordinal: the oldest is served first.</summary>
    [Id(1)] public required long Ordinal { get; init; }

    /// <summary>Slots to draw.</summary>
    [Id(2)] public required int[] Slots { get; init; }

    /// <summary>
    /// Whether the slots must be drawn with no other group in the process: the group lost slots with a process, and one of
    /// its traces may have killed it.
    /// </summary>
    [Id(3)] public bool Alone { get; init; }
}

/// <summary>Leases granted, all on one sampler.</summary>
[GenerateSerializer, Immutable, Alias("etr.lease-grant")]
public sealed record LeaseGrant
{
    /// <summary>The sampler; empty where none had room.</summary>
    [Id(0)] public required string Sampler { get; init; }

    /// <summary>The sampler's epoch: a restarted sampler has another, and its old leases are void.</summary>
    [Id(1)] public required Guid Epoch { get; init; }

    /// <summary>A lease for each granted slot.</summary>
    [Id(2)] public required SlotLease[] Leases { get; init; }

    /// <summary>Why nothing was granted, in words; else empty.</summary>
    [Id(3)] public required string Reason { get; init; }

    /// <summary>The sampler's silo, by which a lost lease is judged; null where nothing was granted.</summary>
    [Id(4)] public SiloAddress? Silo { get; init; }

    /// <summary>Whether the silo draws for no other group.</summary>
    [Id(5)] public bool Alone { get; init; }
}

/// <summary>Leases that are not live.</summary>
/// <param name="Leases">The leases.</param>
/// <param name="Crashed">Whether they were lost with the process that drew them, which had not left.</param>
[GenerateSerializer, Immutable, Alias("etr.dead-leases")]
public sealed record DeadLeases([property: Id(0)] Guid[] Leases, [property: Id(1)] bool Crashed);

/// <summary>A leased slot.</summary>
[GenerateSerializer, Immutable, Alias("etr.slot-lease")]
public readonly record struct SlotLease([property: Id(0)] Guid Lease, [property: Id(1)] int Slot);

/// <summary>What a sampler tells the pool. Durations only: no clock of one machine is read on another.</summary>
[GenerateSerializer, Immutable, Alias("etr.sampler-heartbeat")]
public sealed record SamplerHeartbeat
{
    /// <summary>The sampler's key.</summary>
    [Id(0)] public required string Sampler { get; init; }

    /// <summary>Random, new with each start of the sampler.</summary>
    [Id(1)] public required Guid Epoch { get; init; }

    /// <summary>The silo it lives on.</summary>
    [Id(2)] public required SiloAddress Silo { get; init; }

    /// <summary>Its device.</summary>
    [Id(3)] public required string Device { get; init; }

    /// <summary>Most slots it draws at once.</summary>
    [Id(4)] public required int Capacity { get; init; }

    /// <summary>The leases it draws.</summary>
    [Id(5)] public required HeldLease[] Leases { get; init; }

    /// <summary>Tokens a second since the heartbeat before.</summary>
    [Id(6)] public required double TokensPerSecond { get; init; }

    /// <summary>Whether it takes no new lease and will leave.</summary>
    [Id(7)] public bool Draining { get; init; }

    /// <summary>
    /// Leases whose draw has ended since the heartbeat before. Their groups give them back themselves, unless they were lost
    /// between hearing of the end and doing so.
    /// </summary>
    [Id(8)] public Guid[] Ended { get; init; } = [];

    /// <summary>How often its engines ran out of memory and halved what they hold at once.</summary>
    [Id(20)] public int MemoryHalvings { get; init; }

    /// <summary>Tokens whose keys and values its engines hold at once; 0 for no bound.</summary>
    [Id(21)] public long CacheTokens { get; init; }

    /// <summary>How its device is doing, in words; empty where there is nothing to say.</summary>
    [Id(9)] public string State { get; init; } = "";

    /// <summary>Resident memory of its process in bytes.</summary>
    [Id(22)] public long MemoryBytes { get; init; }
}

/// <summary>A lease as its sampler knows it.</summary>
[GenerateSerializer, Immutable, Alias("etr.held-lease")]
public readonly record struct HeldLease(
    [property: Id(0)] Guid Lease, [property: Id(1)] string Group, [property: Id(2)] int Slot, [property: Id(3)] bool Alone = false);
