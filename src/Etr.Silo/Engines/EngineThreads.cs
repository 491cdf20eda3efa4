using Etr.Core.Runs;
using Etr.Grains.Silos;
using Etr.Policy.Training;

namespace Etr.Silo.Engines;

/// <summary>
/// Threads of engine and trainer. In <c>sync</c> they take turns and each may use every core; otherwise a process that does both
/// splits its cores, the odd one to the engine. Micro-batches that are trained side by side do not wait for each other, so that they
/// may have every core that the engine leaves: its threads stand behind others.
/// </summary>
internal static class EngineThreads
{
    /// <summary>Threads of a silo's rollout engine; 0 means one a core.</summary>
    public static int OfEngine(RunConfiguration configuration, SiloRoles roles, int cores) =>
        configuration.Policy.Threads > 0 || !Shares(configuration, roles) ? configuration.Policy.Threads : Math.Max(1, (cores + 1) / 2);

    /// <summary>Threads of a silo's trainer; 0 means one a core.</summary>
    public static int OfTrainer(RunConfiguration configuration, SiloRoles roles, int cores)
    {
        // Sums over several threads come in an order of their own; one thread adds the same way every time.
        if (configuration.Policy.Engine == "deterministic")
            return 1;
        if (configuration.Training.Threads > 0)
            return configuration.Training.Threads;
        return Shares(configuration, roles)
            ? Math.Max(Math.Max(1, cores / 2), Math.Min(cores, GrpoTrainer.MostLanes(configuration.Training)))
            : configuration.Policy.Threads;
    }

    private static bool Shares(RunConfiguration configuration, SiloRoles roles) =>
        configuration.Run.Mode != "sync" && roles.HasFlag(SiloRoles.Sampler | SiloRoles.Learner);
}
