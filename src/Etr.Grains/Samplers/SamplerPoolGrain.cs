using Etr.Grains.Groups;
using Etr.Grains.Logging;
using Etr.Grains.Metrics;
using Etr.Grains.Placement;
using Etr.Grains.Silos;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Etr.Grains.Samplers;

/// <inheritdoc cref="ISamplerPoolGrain"/>
[Reentrant]
[RolePlacement(SiloRoles.Learner, preferred: true)]
internal sealed partial class SamplerPoolGrain : Grain, ISamplerPoolGrain
{
    private readonly SamplerPool _pool;
    private readonly LeaseLine _line;
    private readonly ISiloStatusOracle _silos;
    private readonly SamplerMetrics _metrics;
    private readonly EtrGrainOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private SiloWatch? _watch;
    private long _voided;

    public SamplerPoolGrain(
        ISiloStatusOracle silos,
        SamplerMetrics metrics,
        IOptions<EtrGrainOptions> options,
        TimeProvider time,
        ILogger<SamplerPoolGrain> logger)
    {
        (_silos, _metrics, _options, _time, _logger) = (silos, metrics, options.Value, time, logger);
        _pool = new SamplerPool(time, _options.HeartbeatExpiry, silo => silos.GetApproximateSiloStatus(silo) == SiloStatus.Dead);
        _line = new LeaseLine(_pool);
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        // Membership says at once whose silo died; the timer is for silent samplers, and for a notice that was missed.
        _watch = new SiloWatch(_silos, Expire);
        TimeSpan period = _options.Heartbeat / 2;
        this.RegisterGrainTimer(
            () =>
            {
                Expire();
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(period, period) { KeepAlive = true, Interleave = true });
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _watch?.End();

        // The pool comes up on another silo; what this one last exported would be counted twice.
        _metrics.Pool(waiting: 0, free: 0, used: 0);
        return Task.CompletedTask;
    }

    public async Task<LeaseGrant> LeaseAsync(LeaseRequest request)
    {
        ArgumentOutOfRangeException.ThrowIfZero(request.Slots.Length);
        LeaseLine.Waiter waiter = _line.Join(request, _time.GetTimestamp());
        Serve();
        if (!waiter.Answered.IsCompleted)
            await Task.WhenAny(waiter.Answered, Task.Delay(_options.SlotWait, _time));
        _line.Leave(waiter);
        return await waiter.Answered;
    }

    public Task ReleaseAsync(Guid[] leases)
    {
        _pool.Release(leases);
        Serve();
        return Task.CompletedTask;
    }

    public Task<DeadLeases> FindDeadAsync(string sampler, Guid epoch, SiloAddress? silo, Guid[] leases) =>
        Task.FromResult(_pool.FindDead(sampler, epoch, silo, leases));

    public Task<Guid[]> HeartbeatAsync(SamplerHeartbeat heartbeat)
    {
        Tell(_pool.Heartbeat(heartbeat, out Guid[] stop));

        // Those whose group has not given them back: it died in between, and its next life must not wait for them.
        Tell(_pool.End(heartbeat.Ended), lost: false);
        Serve();
        return Task.FromResult(stop);
    }

    public Task LeaveAsync(string sampler, Guid epoch)
    {
        // Handed back in good order, for the most part, and on its way from the group: nothing that was lost is counted.
        Tell(_pool.Leave(sampler, epoch), lost: false);
        Serve();
        return Task.CompletedTask;
    }

    public Task<PoolStatus> GetStatusAsync()
    {
        SamplerStatus[] samplers = _pool.Status();
        return Task.FromResult(new PoolStatus
        {
            Samplers = samplers,
            Leases = _pool.LeaseCount,
            Voided = _voided,
            Waiting = _line.WaitingSlots,
            WaitingGroups = _line.WaitingGroups,
            WaitingSeconds = _line.OldestSince is { } since ? _time.GetElapsedTime(since).TotalSeconds : 0,
            Draining = samplers.Count(sampler => sampler.Draining),
            Young = _pool.IsYoung,
        });
    }

    private void Serve()
    {
        _line.Serve();
        _metrics.Pool(_line.WaitingSlots, _pool.FreeSlots, _pool.LeaseCount);
    }

    private void Expire()
    {
        Tell(_pool.Expire());

        // A group may have waited long enough for a sampler of its own by now.
        Serve();
    }

    private void Tell(SamplerPool.Lease[] voided, bool lost = true)
    {
        if (lost && voided.Length > 0)
        {
            _voided += voided.Length;
            _metrics.Voided(voided.Length);
        }

        foreach (var of in voided.GroupBy(lease => (lease.Group, lease.Reason, lease.Crashed, Sampler: lease.Sampler.Key)))
        {
            LogVoided(_logger.InGroup(of.Key.Group), of.Count(), of.Key.Sampler, of.Key.Group, of.Key.Reason);
            _ = TellAsync(of.Key.Group, [.. of.Select(lease => lease.Id)], of.Key.Reason, of.Key.Crashed);
        }
    }

    private async Task TellAsync(string group, Guid[] leases, string reason, bool crashed)
    {
        ILogger about = _logger.InGroup(group);
        try
        {
            await GrainFactory.GetGrain<IGroupGrain>(group).LeasesVoidedAsync(leases, reason, crashed);
        }
        catch (Exception exception)
        {
            // The group finds out when it is touched next.
            LogUntold(about, group, exception);
        }
    }

    [LoggerMessage(EventId = 1307, Level = LogLevel.Warning, Message = "{Count} leases of {Sampler} for {Group} are void: {Reason}.")]
    private static partial void LogVoided(ILogger logger, int count, string sampler, string group, string reason);

    [LoggerMessage(EventId = 1308, Level = LogLevel.Information, Message = "{Group} could not be told of its voided leases; its next touch finds them.")]
    private static partial void LogUntold(ILogger logger, string group, Exception exception);
}
