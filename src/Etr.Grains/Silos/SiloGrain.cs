using Etr.Grains.Feed;
using Etr.Grains.Placement;
using Orleans.Concurrency;
using Orleans.Placement;

namespace Etr.Grains.Silos;

/// <inheritdoc cref="ISiloGrain"/>
[Immovable]
[HomePlacement]
[Reentrant]
internal sealed class SiloGrain(RolloutFeed feed, SiloDrain drain) : Grain, ISiloGrain
{
    public Task DrainAsync(string reason)
    {
        drain.Request(reason);
        return Task.CompletedTask;
    }

    public Task<FeedPage> ReadFeedAsync(Guid epoch, long from)
    {
        // Who asks for the first time begins now: what was is in the groups' views.
        long start = epoch == feed.Epoch ? from : feed.Next;
        var events = new List<RolloutEvent>();
        long next = feed.ReadOwn(start, events, FeedPage.MostEvents, out long missed);
        return Task.FromResult(new FeedPage(feed.Epoch, next, missed, [.. events]));
    }
}
