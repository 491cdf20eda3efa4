using Etr.Core.Runs;

namespace Etr.Grains.Runs;

/// <summary>What follows from how far rollouts may lag behind training (docs/adr/0007).</summary>
internal static class RunShape
{
    private const string Sync = "sync";
    private const string InFlight = "in-flight";

    /// <summary>η: versions that a group may be behind the step it is trained in.</summary>
    public static int StalenessBound(this RunOptions run) => run.Mode == Sync ? 0 : run.Staleness;

    /// <summary>Most groups that are open at once: those of the step that is being trained, and of the η steps after it.</summary>
    public static int Window(this RunOptions run) => (run.StalenessBound() + 1) * run.PromptsPerStep;

    /// <summary>Whether traces under way go on with the policy of a new commit.</summary>
    public static bool SwitchesInFlight(this RunOptions run) => run.Mode == InFlight;

    /// <summary>Newest versions whose files are kept: at least those that an open group may draw with, and the one before, for who is late.</summary>
    public static int KeptVersions(this RunOptions run) => Math.Max(run.KeepCheckpoints, run.StalenessBound() + 2);
}
