using Etr.Core.Tasks;
using Orleans.Concurrency;

namespace Etr.Grains.Prompts;

/// <summary>One prompt of one run; its key is <see cref="KeyOf"/>. It owns the prompt's round and remembers every past one.</summary>
public interface IPromptGrain : IGrainWithStringKey
{
    /// <summary>Opens the group <paramref name="ordinal"/> as the prompt's next round. Idempotent by ordinal.</summary>
    /// <param name="ordinal">The group's ordinal.</param>
    /// <param name="place">Its place in the run's schedule, which has the round: the same place always gets the same one.</param>
    /// <param name="policyVersion">Policy version to draw with.</param>
    /// <param name="policyFile">Its safetensors file.</param>
    /// <param name="policySha256">The file's SHA-256.</param>
    /// <param name="trendOff">Whether it is paid for correctness alone.</param>
    Task OpenRoundAsync(long ordinal, long place, long policyVersion, string policyFile, string policySha256, bool trendOff);

    /// <summary>What the last round left to learn.</summary>
    [AlwaysInterleave]
    Task<PromptStanding> GetStandingAsync();

    /// <summary>The round's group has been sealed. Idempotent by ordinal.</summary>
    Task RoundSealedAsync(RoundResult result);

    /// <summary>The prompt, its current round and its history.</summary>
    [AlwaysInterleave]
    Task<PromptView> GetViewAsync();

    /// <summary>The key of a run's prompt.</summary>
    static string KeyOf(string run, int prompt) => $"{run}/prompt/{prompt}";
}

/// <summary>What came of one round.</summary>
[GenerateSerializer, Immutable, Alias("etr.round-result")]
public sealed record RoundResult
{
    /// <summary>The round, from 0.</summary>
    [Id(0)] public required int Round { get; init; }

    /// <summary>The group's ordinal.</summary>
    [Id(1)] public required long Ordinal { get; init; }

    /// <summary>Policy version that drew it.</summary>
    [Id(2)] public required long PolicyVersion { get; init; }

    /// <summary>Share of right traces.</summary>
    [Id(3)] public required double Accuracy { get; init; }

    /// <summary>Mean tokens a trace.</summary>
    [Id(4)] public required double Length { get; init; }

    /// <summary>Mean trend R (nats).</summary>
    [Id(5)] public required double Trend { get; init; }

    /// <summary>Slot with the highest reward (the first of equals).</summary>
    [Id(6)] public required int BestSlot { get; init; }

    /// <summary>Slot with the lowest reward (the first of equals).</summary>
    [Id(7)] public required int WorstSlot { get; init; }
}

/// <summary>A prompt as a person sees it.</summary>
[GenerateSerializer, Immutable, Alias("etr.prompt-view")]
public sealed record PromptView
{
    /// <summary>The prompt's index in its set.</summary>
    [Id(0)] public required int Prompt { get; init; }

    /// <summary>Its id in its set.</summary>
    [Id(1)] public required string Id { get; init; }

    /// <summary>Its text.</summary>
    [Id(2)] public required string Text { get; init; }

    /// <summary>Its gold answer.</summary>
    [Id(3)] public required string Answer { get; init; }

    /// <summary>Its category; empty where unknown.</summary>
    [Id(4)] public required string Category { get; init; }

    /// <summary>Ordinal of the newest round's group; −1 before the first.</summary>
    [Id(5)] public required long CurrentOrdinal { get; init; }

    /// <summary>Past rounds, oldest first.</summary>
    [Id(6)] public required IReadOnlyList<RoundResult> History { get; init; }
}
