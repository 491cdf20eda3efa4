using Orleans.Concurrency;

namespace Etr.Grains.Samplers;

/// <summary>The pool as everyone may see it. One activation, key 0.</summary>
public partial interface ISamplerPoolGrain : IGrainWithIntegerKey
{
    /// <summary>Samplers and slots right now.</summary>
    [AlwaysInterleave]
    Task<PoolStatus> GetStatusAsync();
}

/// <summary>The sampler pool at one moment.</summary>
[GenerateSerializer, Immutable, Alias("etr.pool-status")]
public sealed record PoolStatus
{
    /// <summary>Registered samplers.</summary>
    [Id(0)] public required IReadOnlyList<SamplerStatus> Samplers { get; init; }

    /// <summary>Leases granted and not yet given back.</summary>
    [Id(1)] public required int Leases { get; init; }

    /// <summary>Leases voided because their sampler was lost, since the pool was activated.</summary>
    [Id(2)] public required long Voided { get; init; }

    /// <summary>Slots that groups wait for.</summary>
    [Id(3)] public int Waiting { get; init; }

    /// <summary>Samplers that take no new lease and will leave.</summary>
    [Id(4)] public int Draining { get; init; }

    /// <summary>Seconds that the oldest of the waiting groups has been in line; 0 where none is.</summary>
    [Id(5)] public double WaitingSeconds { get; init; }

    /// <summary>Groups in line.</summary>
    [Id(6)] public int WaitingGroups { get; init; }

    /// <summary>Whether it came up so lately that samplers may live of which it has not heard yet: whoever is absent need not be lost.</summary>
    [Id(7)] public bool Young { get; init; }
}

/// <summary>One sampler.</summary>
[GenerateSerializer, Immutable, Alias("etr.sampler-status")]
public sealed record SamplerStatus
{
    /// <summary>Its key, silo and device.</summary>
    [Id(0)] public required string Sampler { get; init; }

    /// <summary>Its device.</summary>
    [Id(1)] public required string Device { get; init; }

    /// <summary>Most slots it draws at once.</summary>
    [Id(2)] public required int Capacity { get; init; }

    /// <summary>Slots it holds.</summary>
    [Id(3)] public required int Used { get; init; }

    /// <summary>Tokens a second since its last heartbeat but one.</summary>
    [Id(4)] public required double TokensPerSecond { get; init; }

    /// <summary>Seconds since its last heartbeat.</summary>
    [Id(5)] public required double HeartbeatAgeSeconds { get; init; }

    /// <summary>Whether it takes no new lease and will leave.</summary>
    [Id(6)] public bool Draining { get; init; }

    /// <summary>How often its engines ran out of memory and halved what they hold at once; <see cref="Capacity"/> is what is left.</summary>
    [Id(20)] public int MemoryHalvings { get; init; }

    /// <summary>Tokens whose keys and values its engines hold at once; 0 for no bound.</summary>
    [Id(21)] public long CacheTokens { get; init; }

    /// <summary>How its device is doing, in words; empty where there is nothing to say.</summary>
    [Id(7)] public string State { get; init; } = "";

    /// <summary>Resident memory of its process in bytes; 0 where unknown. Devices of one silo share it.</summary>
    [Id(22)] public long MemoryBytes { get; init; }
}
