using Etr.Core.Rollouts;
using Etr.Grains.Files;

namespace Etr.Grains.Samplers;

/// <summary>
/// One device that draws traces; its key is <see cref="KeyOf"/> and it lives on the silo that the key names. It hands slots
/// to the device's engine and forwards what is drawn, in order per slot, to the groups.
/// </summary>
public interface ISamplerGrain : IGrainWithStringKey
{
    /// <summary>Draws leased slots. False where the epoch is not this sampler's, or it is draining: the leases are void.</summary>
    /// <remarks>The answer means "taken", not "drawn". Told again, it changes nothing.</remarks>
    [ResponseTimeout("00:00:30")]
    Task<bool> DrawAsync(DrawRequest request);

    /// <summary>Stops drawing these leases at the next token boundary.</summary>
    Task StopAsync(Guid[] leases);

    /// <summary>
    /// Hands back at the next token boundary what it draws for a group with a policy older than <paramref name="before"/>: told with
    /// its tokens and an ending that means "draw on elsewhere".
    /// </summary>
    Task HandBackAsync(string group, long before);

    /// <summary>Tells the pool that the sampler lives; called by its silo every <see cref="EtrGrainOptions.Heartbeat"/>.</summary>
    Task HeartbeatAsync();

    /// <summary>
    /// Takes no new lease from now on, goes on drawing for at most <paramref name="grace"/> (10 s where it is longer), hands back
    /// what is left at a token boundary, with the tokens so far, and leaves the pool. Returns early where nothing is left, and
    /// within 20 s whatever happens. Idempotent: later calls wait for the first. The sampler does not come back in this process.
    /// </summary>
    [ResponseTimeout("00:00:30")]
    Task DrainAsync(TimeSpan grace);

    /// <summary>Drains without grace, where that has not been done, and ends; called by its silo when it stops.</summary>
    [ResponseTimeout("00:00:30")]
    Task LeaveAsync();

    /// <summary>The key of a silo's device.</summary>
    static string KeyOf(string silo, string device) => $"{silo}/{device}";
}

/// <summary>Leased slots of one group, with all that drawing them needs.</summary>
[GenerateSerializer, Immutable, Alias("etr.draw-request")]
public sealed record DrawRequest
{
    /// <summary>The group's key, where reports go.</summary>
    [Id(0)] public required string Group { get; init; }

    /// <summary>The sampler's epoch under which the leases were granted.</summary>
    [Id(1)] public required Guid Epoch { get; init; }

    /// <summary>The prompt's text.</summary>
    [Id(2)] public required string Prompt { get; init; }

    /// <summary>The prompt's index.</summary>
    [Id(3)] public required int PromptIndex { get; init; }

    /// <summary>The prompt's round.</summary>
    [Id(4)] public required int Round { get; init; }

    /// <summary>The run's seed.</summary>
    [Id(5)] public required long Seed { get; init; }

    /// <summary>Policy version.</summary>
    [Id(6)] public required long PolicyVersion { get; init; }

    /// <summary>The run, whose files the policy is among.</summary>
    [Id(7)] public required RunPlace Place { get; init; }

    /// <summary>SHA-256 of the policy's weights.</summary>
    [Id(8)] public required string PolicySha256 { get; init; }

    /// <summary>Sampling temperature.</summary>
    [Id(9)] public required double Temperature { get; init; }

    /// <summary>Nucleus mass.</summary>
    [Id(10)] public required double TopP { get; init; }

    /// <summary>How many tokens may be drawn from; 0 for all.</summary>
    [Id(11)] public required int TopK { get; init; }

    /// <summary>Most tokens of a trace.</summary>
    [Id(12)] public required int MaxNewTokens { get; init; }

    /// <summary>The slots.</summary>
    [Id(13)] public required DrawSlot[] Slots { get; init; }

    /// <summary>The kind of engine that the run asks for.</summary>
    [Id(14)] public required string Engine { get; init; }

    /// <summary>Whether the run's reward reads full-vocabulary entropies.</summary>
    [Id(15)] public bool FullEntropy { get; init; }

    /// <summary>The group's span, as a traceparent; null where it is not traced.</summary>
    [Id(40)] public string? Trace { get; init; }
}

/// <summary>A slot to draw: its lease and, as a <see cref="TokenFrame"/>, the tokens it already has.</summary>
[GenerateSerializer, Immutable, Alias("etr.draw-slot")]
public readonly record struct DrawSlot(
    [property: Id(0)] int Slot, [property: Id(1)] Guid Lease, [property: Id(2)] byte[] Prefix, [property: Id(3)] bool Alone = false);
