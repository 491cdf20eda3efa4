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

    /// <summary>The sampler–learner gaps of its tokens, as far as the step that trained on it has kept them.</summary>
    [AlwaysInterleave]
    Task<GroupGaps> GetGapsAsync();

    /// <summary>Opens the group. Idempotent: an open group is only woken.</summary>
    Task<GroupPulse> OpenAsync(GroupSpec spec);

    /// <summary>Wakes the group, so that it goes on with whatever it waits for, and tells how it does.</summary>
    /// <param name="newest">The policy with which what is not drawn yet is to be drawn; null leaves it with the group's own.</param>
    Task<GroupPulse> TouchAsync(GroupPolicy? newest = null);

    /// <summary>Takes what a sampler has drawn. Idempotent; reports under a lease that is not live are refused and counted.</summary>
    [ResponseTimeout("00:00:10")]
    Task<ReportAnswer> ReportAsync(SlotReport[] reports);

    /// <summary>A sampler cannot draw these leases (a prompt over the context, weights that do not load).</summary>
    Task DrawFailedAsync(Guid[] leases, string reason);

    /// <summary>
    /// These leases are void: their sampler was lost. The slots are leased again, with the tokens so far as prefix; alone where
    /// the sampler's process <paramref name="crashed"/>, since one of the traces may have been the reason.
    /// </summary>
    Task LeasesVoidedAsync(Guid[] leases, string reason, bool crashed);

    /// <summary>The sealed body with this hash cannot be read any more: the group is drawn again, under the next attempt.</summary>
    Task BodyLostAsync(string sha256);

    /// <summary>Cancels the group where it is not sealed or over yet; used by its run alone, when it ends.</summary>
    Task CancelAsync();

    /// <summary>The key of a run's group.</summary>
    static string KeyOf(string run, long ordinal) => $"{run}/group/{ordinal}";

    /// <summary>Reads a group's key; false where it is none.</summary>
    static bool TryParse(string key, out string run, out long ordinal)
    {
        const string Separator = "/group/";
        ArgumentNullException.ThrowIfNull(key);
        int at = key.LastIndexOf(Separator, StringComparison.Ordinal);
        run = at < 0 ? "" : key[..at];
        ordinal = -1;
        return at >= 0 && long.TryParse(key.AsSpan(at + Separator.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out ordinal);
    }
}
