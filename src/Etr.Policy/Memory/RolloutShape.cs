using Etr.Policy.Adapters;

namespace Etr.Policy.Memory;

/// <summary>What a rollout engine is to hold.</summary>
/// <param name="Slots">Sequences that are decoded at once.</param>
/// <param name="Length">Tokens of each when it is longest, prompt included.</param>
/// <param name="PromptLength">Tokens of a prompt, read at once.</param>
public sealed record RolloutShape(int Slots, int Length, int PromptLength)
{
    /// <summary>Whether the CPU engine draws, not the torch engine.</summary>
    public bool IsCpu { get; init; }

    /// <summary>Whether weights are kept in a byte each.</summary>
    public bool IsInt8 { get; init; }

    /// <summary>Whether weights, keys and values are held in bf16; of the torch engine alone.</summary>
    public bool IsHalf { get; init; }

    /// <summary>Most tokens whose keys and values are held; 0 for all that slots come to. Of the torch engine alone.</summary>
    public long CacheTokens { get; init; }

    /// <summary>Policy versions that are drawn with side by side, at least 1.</summary>
    public int Versions { get; init; } = 1;

    /// <summary>Adapters to draw with; null for whole weights.</summary>
    public AdapterConfig? Adapters { get; init; }
}
