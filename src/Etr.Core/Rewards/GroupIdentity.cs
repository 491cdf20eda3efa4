namespace Etr.Core.Rewards;

/// <summary>Which group is rewarded: the same group has the same identity however often it is scored.</summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Prompt">The prompt's index in its set.</param>
/// <param name="Round">How often the prompt had been rolled out before, from 0.</param>
/// <param name="PromptId">The prompt's id in its set.</param>
public sealed record GroupIdentity(ulong Seed, int Prompt, int Round, string PromptId)
{
    /// <summary>The group of nobody's run: for a reward that looks at traces alone.</summary>
    public static GroupIdentity None { get; } = new(0, 0, 0, "");
}
