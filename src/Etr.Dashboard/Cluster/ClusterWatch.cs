using Etr.Dashboard.Reading;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Dashboard.Cluster;

/// <summary>
/// Looks at the cluster once a second for everyone, also while no page is open: a silo that comes and goes at night is in the timeline in
/// the morning.
/// </summary>
internal sealed partial class ClusterWatch(IRunReader reader, IOptions<DashboardOptions> options, TimeProvider time, ILogger<ClusterWatch> logger) : BackgroundService
{
    /// <summary>The timeline. Lock it to read.</summary>
    public ClusterLog Log { get; } = new();

    /// <summary>The cluster as it was last; null before the first answer.</summary>
    public ClusterView? Newest { get; private set; }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.PollInterval, time);
        try
        {
            do
                await LookAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            var silos = await reader.GetSilosAsync(cancellationToken);
            var pool = await reader.GetPoolAsync(cancellationToken);
            lock (Log)
                Log.Look(silos, pool, time.GetUtcNow());
            Newest = new ClusterView(silos, pool, time.GetUtcNow());
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // Whatever the cluster answers with, the watch looks again; the page says how old its view is.
        catch (Exception unanswered)
#pragma warning restore CA1031
        {
            LogUnanswered(unanswered.Message);
        }
    }

    [LoggerMessage(EventId = 3301, Level = LogLevel.Debug, Message = "The cluster did not say who belongs to it: {Reason}")]
    private partial void LogUnanswered(string reason);
}

/// <summary>The cluster at one moment.</summary>
/// <param name="Silos">Its silos.</param>
/// <param name="Pool">Its samplers.</param>
/// <param name="At">When it was asked.</param>
internal sealed record ClusterView(IReadOnlyList<SiloStatusLine> Silos, PoolStatus Pool, DateTimeOffset At)
{
    /// <summary>Whether nobody draws: a pool that has just come up is believed only where no silo could have a sampler.</summary>
    public static bool LacksSamplers(PoolStatus pool, IEnumerable<SiloStatusLine> silos) =>
        pool.Samplers.All(sampler => sampler.Draining)
        && !(pool.Young && silos.Any(silo => silo.State == "active" && silo.Roles.HasFlag(SiloRoles.Sampler)));
}
