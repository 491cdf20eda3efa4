using Etr.Grains.Silos;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Etr.Grains.Feed;

/// <summary>
/// Brings the feeds of other silos into this process's, for its dashboard: subscribes at each and renews that, and takes the pages that
/// they push. It goes on while no page is open: a wall and a list of faults must have what happened before.
/// </summary>
internal sealed partial class FeedHub(RolloutFeed feed, IFeedSilos silos, IGrainFactory grains, TimeProvider time, ILogger<FeedHub> logger)
    : BackgroundService, IFeedObserver
{
    /// <summary>Time between two renewals of a subscription.</summary>
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10);

    /// <summary>Time between two looks at who is there.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);
    private readonly Guid _id = Guid.NewGuid();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Source> _sources = new(StringComparer.Ordinal);
    private IFeedObserver? _self;

    /// <summary>Silos whose pages are taken.</summary>
    public IReadOnlyList<string> Sources
    {
        get
        {
            lock (_lock)
            {
                return [.. _sources.Keys];
            }
        }
    }

    public Task<long> TakeAsync(string silo, FeedPage page)
    {
        ArgumentNullException.ThrowIfNull(page);
        lock (_lock)
        {
            if (!_sources.TryGetValue(silo, out Source? source))
                return Task.FromResult(IFeedObserver.LeaveOut);

            // Its answer was lost: what it holds has been taken.
            if (source.Epoch == page.Epoch && page.From < source.Next)
                return Task.FromResult(source.Next);
            (source.Epoch, source.Next) = (page.Epoch, page.Next);
            feed.RelayMissed(page.Missed);
            foreach (RolloutEvent happened in page.Events)
                feed.Relay(happened);
            return Task.FromResult(page.Next);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // A host waits for the first step of its services.
        await Task.Yield();
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
                await LookAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await LeaveAsync();
        }
    }

    private async Task LookAsync(CancellationToken stoppingToken)
    {
        IReadOnlyList<FeedSilo> others = await silos.OthersAsync(stoppingToken);
        lock (_lock)
        {
            // One that leaves still says its last for as long as its subscription lives.
            foreach ((string gone, Source _) in _sources.Where(entry => others.All(other => other.Name != entry.Key) && entry.Value.IsOver(time)).ToArray())
                _sources.Remove(gone);
            foreach (FeedSilo other in others)
            {
                if (!_sources.TryGetValue(other.Name, out Source? source))
                    _sources[other.Name] = source = new Source(time.GetTimestamp());
                if (source.Asking.IsCompleted && source.IsDue(other.Address, time))
                    source.Asking = RenewAsync(other, source, stoppingToken);
            }
        }
    }

    private async Task RenewAsync(FeedSilo silo, Source source, CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            // Orleans holds its object weakly; the host holds this one.
            _self ??= grains.CreateObjectReference<IFeedObserver>(this);
            (Guid epoch, long next) = Cursor(source);
            FeedSubscribed answer = await grains.GetGrain<ISiloGrain>(ISiloGrain.KeyOf(silo.Name)).SubscribeFeedAsync(_id, _self, epoch, next)
                .WaitAsync(Patience, time, stoppingToken);
            if (!answer.Accepted)
                LogRefused(silo.Name, FeedSubscriptions.Most);
            else if (!answer.Renewed && source.Address == silo.Address)
                LogLost(silo.Name, answer.Next);
            Renewed(silo, source, answer);
        }
        catch (Exception exception)
        {
            // Asked again with the next look; nobody waits for it.
            if (!stoppingToken.IsCancellationRequested)
                LogUnanswered(silo.Name, exception.Message);
        }
    }

    private (Guid Epoch, long Next) Cursor(Source source)
    {
        lock (_lock)
        {
            return (source.Epoch, source.Next);
        }
    }

    private void Renewed(FeedSilo silo, Source source, FeedSubscribed answer)
    {
        lock (_lock)
        {
            (source.Address, source.RenewedAt) = (silo.Address, time.GetTimestamp());

            // Its first page may have come before its answer.
            if (answer.Accepted && source.Epoch != answer.Epoch)
                (source.Epoch, source.Next) = (answer.Epoch, answer.Next);
        }
    }

    // Expiry would do it too; a silo need not send for another half minute to nobody.
    private async Task LeaveAsync()
    {
        string[] known;
        lock (_lock)
        {
            known = [.. _sources.Keys];
            _sources.Clear();
        }

        if (_self is not { } self)
            return;
        try
        {
            await Task.WhenAll(known.Select(silo => grains.GetGrain<ISiloGrain>(ISiloGrain.KeyOf(silo)).UnsubscribeFeedAsync(_id))).WaitAsync(Farewell, time);
            grains.DeleteObjectReference<IFeedObserver>(self);
        }
        catch (Exception exception)
        {
            LogNotLeft(known.Length, exception.Message);
        }
    }

    private sealed class Source(long since)
    {
        public Guid Epoch { get; set; }

        public long Next { get; set; }

        /// <summary>The life of the silo that was subscribed at last; empty before the first.</summary>
        public string Address { get; set; } = "";

        public long RenewedAt { get; set; } = since;

        public Task Asking { get; set; } = Task.CompletedTask;

        public bool IsDue(string address, TimeProvider time) => Address != address || time.GetElapsedTime(RenewedAt) >= Renewal;

        public bool IsOver(TimeProvider time) => time.GetElapsedTime(RenewedAt) >= FeedSubscriptions.Expiry;
    }

    [LoggerMessage(EventId = 1601, Level = LogLevel.Debug, Message = "The feed of {Silo} did not answer: {Reason}")]
    private partial void LogUnanswered(string silo, string reason);

    [LoggerMessage(EventId = 1602, Level = LogLevel.Information, Message = "The subscription to the feed of {Silo} had been lost; it goes on with event {Next}.")]
    private partial void LogLost(string silo, long next);

    [LoggerMessage(EventId = 1606, Level = LogLevel.Debug, Message = "Not all of {Count} silos heard that this dashboard leaves; its subscriptions expire: {Reason}")]
    private partial void LogNotLeft(int count, string reason);

    [LoggerMessage(EventId = 1605, Level = LogLevel.Warning, Message = "The feed of {Silo} is not seen here: it has {Most} dashboards, and takes no more.")]
    private partial void LogRefused(string silo, int most);
}
