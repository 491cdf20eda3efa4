using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Etr.Silo.Cli;
using Etr.Silo.Hosting;

namespace Etr.Silo.Silos;

/// <summary>A run and the cluster it is on, at one moment.</summary>
/// <param name="Run">The run.</param>
/// <param name="Silos">The cluster's silos.</param>
/// <param name="Pool">Its samplers.</param>
/// <param name="At">When it was asked.</param>
internal sealed record ClusterStatus(RunStatus Run, IReadOnlyList<SiloStatusLine> Silos, PoolStatus Pool, DateTimeOffset At)
{
    /// <summary>Asks.</summary>
    /// <param name="door">The cluster.</param>
    /// <param name="run">The run's name; null takes the newest.</param>
    /// <param name="time">Says when it was asked.</param>
    /// <exception cref="CommandFailure">There is no such run, or none at all.</exception>
    public static async Task<ClusterStatus> ReadAsync(ClusterDoor door, string? run, TimeProvider time)
    {
        run ??= await door.Grains.GetGrain<IRunDirectoryGrain>(0).ListAsync() is [var newest, ..]
            ? newest.Run
            : throw new CommandFailure("no run has been started; 'etr run start' starts one", ExitCodes.Failed);
        RunStatus status = await (await door.RunAsync(run)).GetStatusAsync();
        return new ClusterStatus(
            status,
            await door.Grains.GetGrain<IClusterGrain>(0).GetSilosAsync(),
            await door.Grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync(),
            time.GetUtcNow());
    }
}
