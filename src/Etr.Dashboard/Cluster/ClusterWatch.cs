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
            await RememberAsync(cancellationToken);
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

    // Once, before the first look. A table that cannot be read must not keep everybody from seeing who is there.
    private async Task RememberAsync(CancellationToken cancellationToken)
    {
        if (Newest is not null)
            return;
        try
        {
            var members = await reader.GetMembersAsync(cancellationToken);
            lock (Log)
                Log.Begin(members);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // The timeline begins with this server, then, as it says.
        catch (Exception unanswered)
#pragma warning restore CA1031
        {
            LogNoMemory(unanswered.Message);
        }
    }

    [LoggerMessage(EventId = 3311, Level = LogLevel.Information, Message = "Membership did not say who came and went before; the timeline begins now: {Reason}")]
    private partial void LogNoMemory(string reason);

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
