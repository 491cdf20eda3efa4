using System.Threading.RateLimiting;

namespace Etr.Silo.RemoteSamplers;

/// <summary>The way to one server, shared by all that is drawn there: client, health, adapters, and how many traces at once.</summary>
internal sealed class RemoteLink : IDisposable
{
    private readonly int _slots;
    private readonly ConcurrencyLimiter _traces;

    public RemoteLink(RemoteServer server, RemoteMetrics metrics, TimeProvider time)
    {
        Metrics = metrics;
        Client = new ServerClient(server, time);
        Health = new ServerHealth(server, metrics, time);
        Adapters = new ServerAdapters(server, Client);
        _slots = server.Settings.Slots;

        // What waits here is bounded by the engine's own room: nothing is turned away.
        _traces = new ConcurrencyLimiter(new ConcurrencyLimiterOptions { PermitLimit = _slots, QueueLimit = int.MaxValue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });
    }

    /// <summary>Speaks to it.</summary>
    public ServerClient Client { get; }

    /// <summary>How it is doing.</summary>
    public ServerHealth Health { get; }

    /// <summary>What it has loaded.</summary>
    public ServerAdapters Adapters { get; }

    /// <summary>What is measured of it.</summary>
    public RemoteMetrics Metrics { get; }

    /// <summary>Waits until so many traces more may be drawn there.</summary>
    public async ValueTask<IDisposable> EnterAsync(int traces, CancellationToken cancellationToken)
    {
        RateLimitLease lease = await _traces.AcquireAsync(Math.Min(traces, _slots), cancellationToken);
        return lease.IsAcquired ? lease : throw new InvalidOperationException("the server's slots are gone: it is being stopped");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _traces.Dispose();
        Adapters.Dispose();
        Client.Dispose();
    }
}
