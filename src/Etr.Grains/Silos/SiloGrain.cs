using Etr.Grains.Feed;
using Etr.Grains.Placement;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Etr.Grains.Silos;

/// <inheritdoc cref="ISiloGrain"/>
[Immovable]
[HomePlacement]
[Reentrant]
internal sealed class SiloGrain(RolloutFeed feed, SiloDrain drain, ILocalSiloDetails self, TimeProvider time, ILogger<SiloGrain> logger) : Grain, ISiloGrain
{
    private readonly FeedSubscriptions _subscriptions = new(self.Name, feed, time, logger);

    public Task DrainAsync(string reason)
    {
        drain.Request(reason);
        return Task.CompletedTask;
    }

    public Task<FeedSubscribed> SubscribeFeedAsync(Guid hub, IFeedObserver observer, Guid epoch, long from) =>
        Task.FromResult(_subscriptions.Renew(hub, observer, epoch, from));

    public Task UnsubscribeFeedAsync(Guid hub)
    {
        _subscriptions.End(hub);
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _subscriptions.EndAll();
        return Task.CompletedTask;
    }
}
