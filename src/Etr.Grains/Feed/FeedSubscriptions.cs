using Microsoft.Extensions.Logging;

namespace Etr.Grains.Feed;

/// <summary>
/// Who watches a silo's feed. Each subscriber has a cursor and one page under way at most; one that is not renewed is gone. Used on one
/// scheduler: that of the silo's grain.
/// </summary>
/// <param name="silo">The silo's name.</param>
/// <param name="feed">Its feed.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Told of subscriptions that end.</param>
internal sealed partial class FeedSubscriptions(string silo, RolloutFeed feed, TimeProvider time, ILogger logger)
{
    /// <summary>Most subscribers of a silo.</summary>
    public const int Most = 16;

    /// <summary>Newest events that one who subscribes for the first time gets.</summary>
    public const int Backlog = 8_192;

    /// <summary>How long a subscription lives without renewal.</summary>
    public static readonly TimeSpan Expiry = TimeSpan.FromSeconds(30);

    /// <summary>Events of so long ride along in one page.</summary>
    public static readonly TimeSpan Coalescing = TimeSpan.FromMilliseconds(100);

    /// <summary>Pause after a page that was not answered.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // Orleans gives up the call before, so no second page is under way.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly Dictionary<Guid, Subscriber> _subscribers = [];

    /// <summary>Subscribers that have not expired.</summary>
    public int Count => _subscribers.Values.Count(subscriber => !subscriber.End.IsCancellationRequested);

    /// <summary>Subscribes a hub, or renews its subscription.</summary>
    /// <param name="hub">The hub; new with each life of its process.</param>
    /// <param name="observer">Who takes pages.</param>
    /// <param name="epoch">The life of this silo that the hub knows; empty where it knows none.</param>
    /// <param name="next">The event it wants next, of that life.</param>
    public FeedSubscribed Renew(Guid hub, IFeedObserver observer, Guid epoch, long next)
    {
        Forget();
        if (_subscribers.TryGetValue(hub, out Subscriber? known))
        {
            known.End.CancelAfter(Expiry);
            if (!known.End.IsCancellationRequested)
                return new FeedSubscribed(true, true, feed.Epoch, known.Next);
            Forget();
        }

        if (_subscribers.Count >= Most)
            return new FeedSubscribed(false, false, feed.Epoch, feed.NextOwn);
        var added = new Subscriber(observer, new CancellationTokenSource(Expiry, time)) { Next = Begin(epoch, next) };
        _subscribers[hub] = added;
        added.Pushing = Start(() => PushAsync(added));
        return new FeedSubscribed(true, false, feed.Epoch, added.Next);
    }

    /// <summary>Ends a hub's subscription.</summary>
    public void End(Guid hub)
    {
        if (_subscribers.Remove(hub, out Subscriber? subscriber))
            subscriber.End.Cancel();
    }

    /// <summary>Ends them all.</summary>
    public void EndAll()
    {
        foreach (Guid hub in _subscribers.Keys.ToArray())
            End(hub);
    }

    // Another life of the silo: everything of this one is new. No life at all: what has just happened, to begin with.
    private long Begin(Guid epoch, long next) =>
        epoch == feed.Epoch ? Math.Clamp(next, 0, feed.NextOwn) : epoch == Guid.Empty ? Math.Max(0, feed.NextOwn - Backlog) : 0;

    private void Forget()
    {
        foreach ((Guid hub, Subscriber _) in _subscribers.Where(entry => entry.Value.End.IsCancellationRequested).ToArray())
            _subscribers.Remove(hub);
    }

    // Its own work: not part of the call that subscribed, whose trace and context would else go on with it.
    private static Task Start(Func<Task> push)
    {
        using (ExecutionContext.SuppressFlow())
            return Task.Factory.StartNew(push, CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap();
    }

    private async Task PushAsync(Subscriber subscriber)
    {
        CancellationToken end = subscriber.End.Token;
        bool more = false;
        try
        {
            while (!end.IsCancellationRequested)
            {
                await feed.WaitOwnAsync(subscriber.Next, end);
                if (!more)
                    await Task.Delay(Coalescing, time, end);
                FeedPage page = feed.ReadPage(subscriber.Next);
                more = page.Events.Length == FeedPage.MostEvents;
                if (await SendAsync(subscriber, page) is not { } next)
                    await Task.Delay(Pause, time, end);
                else if (next == IFeedObserver.LeaveOut)
                    await subscriber.End.CancelAsync();
                else
                    subscriber.Next = Math.Clamp(next, page.From, page.Next);
            }
        }
        catch (Exception) when (end.IsCancellationRequested)
        {
            // Not renewed, or no longer wanted.
        }

        LogEnded(silo);
    }

    // Null where there was no answer: what the page held is read again, as far as the ring still has it.
    private async Task<long?> SendAsync(Subscriber subscriber, FeedPage page)
    {
        try
        {
            return await subscriber.Observer.TakeAsync(silo, page).WaitAsync(Patience, time, subscriber.End.Token);
        }
        catch (Exception exception) when (!subscriber.End.IsCancellationRequested)
        {
            LogUnanswered(silo, exception.Message);

            // Its process is gone; a process that is not would renew.
            return exception is ClientNotAvailableException ? IFeedObserver.LeaveOut : null;
        }
    }

    private sealed class Subscriber(IFeedObserver observer, CancellationTokenSource end)
    {
        public IFeedObserver Observer => observer;

        public CancellationTokenSource End => end;

        public long Next { get; set; }

        public Task Pushing { get; set; } = Task.CompletedTask;
    }

    [LoggerMessage(EventId = 1603, Level = LogLevel.Debug, Message = "A dashboard did not take a page of the feed of {Silo}: {Reason}")]
    private partial void LogUnanswered(string silo, string reason);

    [LoggerMessage(EventId = 1604, Level = LogLevel.Debug, Message = "A dashboard's subscription to the feed of {Silo} has ended.")]
    private partial void LogEnded(string silo);
}
