using System.Diagnostics;
using Etr.Grains.Groups;

namespace Etr.Grains.Tracing;

/// <summary>The spans of one group.</summary>
internal static class GroupSpans
{
    /// <summary>The root: a run deals a prompt to an ordinal.</summary>
    public static Activity? Deal(string run, long ordinal, int prompt, long version) =>
        EtrTracing.Begin(EtrTracing.GroupDeal, parent: null)?.SetTag("etr.run", run).SetTag("etr.group", ordinal).SetTag("etr.prompt", prompt).SetTag("etr.policy_version", version);

    /// <summary>Below the call that the grain is in.</summary>
    public static Activity? PromptOpen(string run, int prompt, long ordinal) =>
        EtrTracing.Source.StartActivity(EtrTracing.PromptOpen)?.SetTag("etr.run", run).SetTag("etr.group", ordinal).SetTag("etr.prompt", prompt);

    /// <summary>Below the call that the grain is in; what it leaves in the group's state is the parent of all that follows.</summary>
    public static Activity? Open(GroupSpec spec) =>
        EtrTracing.Source.StartActivity(EtrTracing.GroupOpen)?.SetTag("etr.run", spec.Run).SetTag("etr.group", spec.Ordinal).SetTag("etr.round", spec.Round);

    /// <summary>Leases were lost with their sampler, and their spans with them.</summary>
    public static void Voided(GroupRecord group, int leases, bool crashed)
    {
        using Activity? span = EtrTracing.Begin(EtrTracing.LeasesVoided, group.Trace);
        span?.SetTag("etr.run", group.Spec!.Run).SetTag("etr.group", group.Spec.Ordinal).SetTag("etr.leases", leases).SetTag("etr.crashed", crashed);
    }

    /// <summary>Grading and sealing, with links to the leases that drew the traces.</summary>
    public static Activity? Seal(GroupRecord group, IReadOnlyCollection<string> leases) =>
        EtrTracing.Begin(EtrTracing.GroupSeal, group.Trace, EtrTracing.LinksTo(leases))?
            .SetTag("etr.run", group.Spec!.Run).SetTag("etr.group", group.Spec.Ordinal).SetTag("etr.leases", leases.Count);
}
