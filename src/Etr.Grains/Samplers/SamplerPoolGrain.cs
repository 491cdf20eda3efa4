using Etr.Grains.Groups;
using Etr.Grains.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Etr.Grains.Samplers;

/// <inheritdoc cref="ISamplerPoolGrain"/>
[Reentrant]
internal sealed partial class SamplerPoolGrain : Grain, ISamplerPoolGrain
{
    private readonly SamplerPool _pool;
    private readonly ISiloStatusOracle _silos;
    private readonly SamplerMetrics _metrics;
    private readonly EtrGrainOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // Those who wait for room, the oldest group first; a run's name parts equal ordinals of two runs.
    private readonly SortedDictionary<(long Ordinal, string Group), Waiter> _line = [];
    private long _voided;

    public SamplerPoolGrain(
        ISiloStatusOracle silos,
        SamplerMetrics metrics,
        IOptions<EtrGrainOptions> options,
        TimeProvider time,
        ILogger<SamplerPoolGrain> logger)
    {
        (_silos, _metrics, _options, _time, _logger) = (silos, metrics, options.Value, time, logger);
        _pool = new SamplerPool(time, _options.HeartbeatExpiry);
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        TimeSpan period = _options.Heartbeat / 2;
        this.RegisterGrainTimer(
            () =>
            {
                Tell(_pool.Expire(IsGone));
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(period, period) { KeepAlive = true, Interleave = true });
        return Task.CompletedTask;
    }

    public async Task<LeaseGrant> LeaseAsync(LeaseRequest request)
    {
        ArgumentOutOfRangeException.ThrowIfZero(request.Slots.Length);
        var waiter = new Waiter(request);
        var place = (request.Ordinal, request.Group);

        // A group asks once at a time: a second question replaces one whose answer was lost.
        if (_line.Remove(place, out Waiter? earlier))
            earlier.Answer.TrySetResult(_pool.Refuse());
        _line.Add(place, waiter);
        Serve();
        if (waiter.Answer.Task.IsCompleted)
            return await waiter.Answer.Task;

        await Task.WhenAny(waiter.Answer.Task, Task.Delay(_options.SlotWait, _time));
        if (_line.TryGetValue(place, out Waiter? still) && still == waiter)
            _line.Remove(place);
        waiter.Answer.TrySetResult(_pool.Refuse());
        return await waiter.Answer.Task;
    }

    public Task ReleaseAsync(Guid[] leases)
    {
        _pool.Release(leases);
        Serve();
        return Task.CompletedTask;
    }

    public Task<Guid[]> FindDeadAsync(string sampler, Guid epoch, Guid[] leases) => Task.FromResult(_pool.FindDead(sampler, epoch, leases));

    public Task<Guid[]> HeartbeatAsync(SamplerHeartbeat heartbeat)
    {
        Tell(_pool.Heartbeat(heartbeat, out Guid[] stop));
        Serve();
        return Task.FromResult(stop);
    }

    public Task LeaveAsync(string sampler, Guid epoch)
    {
        Tell(_pool.Leave(sampler, epoch));
        return Task.CompletedTask;
    }

    public Task<PoolStatus> GetStatusAsync() => Task.FromResult(new PoolStatus
    {
        Samplers = _pool.Status(),
        Leases = _pool.LeaseCount,
        Voided = _voided,
    });

    private bool IsGone(SiloAddress silo) => _silos.GetApproximateSiloStatus(silo) is SiloStatus.Dead or SiloStatus.None;

    private void Serve()
    {
        // In order, without overtaking: a wish for many slots must not starve behind wishes for few.
        foreach ((var place, Waiter waiter) in _line.ToArray())
        {
            if (_pool.TryLease(waiter.Request) is not { } grant)
                return;
            _line.Remove(place);
            waiter.Answer.TrySetResult(grant);
        }
    }

    private void Tell(SamplerPool.Lease[] voided)
    {
        if (voided.Length == 0)
            return;
        _voided += voided.Length;
        _metrics.Voided(voided.Length);
        foreach (var lost in voided.GroupBy(lease => (lease.Group, lease.Reason, Sampler: lease.Sampler.Key)))
        {
            LogVoided(lost.Count(), lost.Key.Sampler, lost.Key.Group, lost.Key.Reason);
            _ = TellAsync(lost.Key.Group, [.. lost.Select(lease => lease.Id)], lost.Key.Reason);
        }

        Serve();
    }

    private async Task TellAsync(string group, Guid[] leases, string reason)
    {
        try
        {
            await GrainFactory.GetGrain<IGroupGrain>(group).LeasesVoidedAsync(leases, reason);
        }
        catch (Exception exception)
        {
            // The group finds out when it is touched next.
            LogUntold(group, exception);
        }
    }

    private sealed record Waiter(LeaseRequest Request)
    {
        // Continuations run on this grain's scheduler, never inside Serve.
        public TaskCompletionSource<LeaseGrant> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} leases of {Sampler} for {Group} are void: {Reason}.")]
    private partial void LogVoided(int count, string sampler, string group, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Group} could not be told of its voided leases; its next touch finds them.")]
    private partial void LogUntold(string group, Exception exception);
}
