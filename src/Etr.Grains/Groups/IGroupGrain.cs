using Orleans.Concurrency;

namespace Etr.Grains.Groups;

/// <summary>
/// One GRPO rollout group; its key is <see cref="KeyOf"/>. It owns its slots and their leases, grades the traces, computes
/// rewards and advantages, and keeps its sealed payload until the learner has committed it.
/// </summary>
public partial interface IGroupGrain : IGrainWithStringKey
{
    /// <summary>The group, live or over.</summary>
    [AlwaysInterleave]
    Task<GroupView> GetViewAsync();

    /// <summary>The key of a run's group.</summary>
    static string KeyOf(string run, long ordinal) => $"{run}/group/{ordinal}";
}
