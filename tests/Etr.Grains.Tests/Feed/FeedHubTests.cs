using Etr.Grains.Feed;
using Etr.Grains.Silos;

namespace Etr.Grains.Tests.Feed;

/// <summary>Feeds of silos come together where a dashboard is.</summary>
public sealed class FeedHubTests
{
    [Fact]
    public async Task A_silo_with_a_dashboard_sees_what_happens_on_others_and_passes_none_of_it_on()
    {
        await using FeedCluster cluster = await FeedCluster.StartAsync(2, withDashboard: true);
        (string here, string there) = (cluster.NameOf(0), cluster.NameOf(1));

        cluster.FeedOf(there).Publish(RolloutFeedTests.Event(7));

        await cluster.EventAsync(cluster.FeedOf(here), happened => happened.Ordinal == 7);
        Assert.Equal([there], cluster.HubOf(here).Sources);
        Assert.Empty(cluster.FeedOf(here).ReadPage(0).Events);
    }

    [Fact]
    public async Task A_client_sees_what_has_just_happened_and_each_event_once_in_order()
    {
        await using FeedCluster cluster = await FeedCluster.StartAsync(1);
        RolloutFeed there = cluster.FeedOf(cluster.NameOf(0));
        for (int i = 0; i < 5_000; i++)
            there.Publish(RolloutFeedTests.Event(i));
        var feed = new RolloutFeed();
        using FeedHub hub = cluster.ClientHub(feed);
        await hub.StartAsync(cluster.Deadline);

        for (int i = 5_000; i < 9_000; i++)
            there.Publish(RolloutFeedTests.Event(i));
        await cluster.EventAsync(feed, happened => happened.Ordinal == 8_999);

        var events = new List<RolloutEvent>();
        feed.Read(0, events, RolloutFeed.Capacity, out _);
        Assert.InRange(events[0].Ordinal, 0, 9_000 - FeedSubscriptions.Backlog);
        Assert.Equal(Enumerable.Range((int)events[0].Ordinal, events.Count).Select(i => (long)i), events.Select(happened => happened.Ordinal));
        Assert.Equal(0, feed.MissedElsewhere);
        await hub.StopAsync(cluster.Deadline);
    }

    [Fact]
    public async Task A_silo_that_joins_is_subscribed_and_one_that_comes_again_under_its_name_too()
    {
        await using FeedCluster cluster = await FeedCluster.StartAsync(1);
        var feed = new RolloutFeed();
        using FeedHub hub = cluster.ClientHub(feed);
        await hub.StartAsync(cluster.Deadline);

        string joined = await cluster.JoinAsync();
        cluster.FeedOf(joined).Publish(RolloutFeedTests.Event(1));
        await cluster.EventAsync(feed, happened => happened.Ordinal == 1);

        await cluster.KillAsync(joined);
        string again = await cluster.JoinAsync();
        cluster.FeedOf(again).Publish(RolloutFeedTests.Event(2));
        await cluster.EventAsync(feed, happened => happened.Ordinal == 2);
        await hub.StopAsync(cluster.Deadline);
    }

    [Fact]
    public async Task A_subscription_that_the_silo_lost_goes_on_where_it_was()
    {
        await using FeedCluster cluster = await FeedCluster.StartAsync(1);
        string silo = cluster.NameOf(0);
        RolloutFeed there = cluster.FeedOf(silo);
        var (feed, time) = (new RolloutFeed(), new Microsoft.Extensions.Time.Testing.FakeTimeProvider());
        using var hub = new FeedHub(feed, new ClusterSilos(cluster.Client, time), cluster.Client, time, Microsoft.Extensions.Logging.Abstractions.NullLogger<FeedHub>.Instance);
        await hub.StartAsync(cluster.Deadline);
        there.Publish(RolloutFeedTests.Event(1));
        await cluster.EventAsync(feed, happened => happened.Ordinal == 1);

        await Fakes.EtrCluster.DeactivateAsync(cluster.Client.GetGrain<ISiloGrain>(ISiloGrain.KeyOf(silo)));
        there.Publish(RolloutFeedTests.Event(2));

        // Its renewal is due after a while, and by the hub's own clock.
        Task<RolloutEvent> second = cluster.EventAsync(feed, happened => happened.Ordinal == 2);
        await cluster.UntilAsync(async () =>
        {
            time.Advance(FeedHub.Interval);
            await Task.Yield();
            return second.IsCompleted;
        });
        Assert.Equal(2, feed.Next);
        await hub.StopAsync(cluster.Deadline);
    }

    [Fact]
    public async Task Pages_are_taken_once_and_a_silo_that_is_not_known_is_told_so()
    {
        await using FeedCluster cluster = await FeedCluster.StartAsync(1);
        var feed = new RolloutFeed();
        using FeedHub hub = cluster.ClientHub(feed);
        await hub.StartAsync(cluster.Deadline);
        string silo = cluster.NameOf(0);
        await cluster.UntilAsync(async () =>
        {
            await Task.Yield();
            return hub.Sources.Contains(silo);
        });
        Guid epoch = Guid.NewGuid();
        var page = new FeedPage(epoch, 0, 2, 0, [RolloutFeedTests.Event(1), RolloutFeedTests.Event(2)]);

        Assert.Equal(2, await hub.TakeAsync(silo, page));
        Assert.Equal(2, await hub.TakeAsync(silo, page));
        Assert.Equal(9, await hub.TakeAsync(silo, new FeedPage(epoch, 5, 9, 3, [RolloutFeedTests.Event(9)])));
        Assert.Equal(IFeedObserver.LeaveOut, await hub.TakeAsync("elsewhere", page));

        Assert.Equal((3, 3), (feed.Next, feed.MissedElsewhere));
        await hub.StopAsync(cluster.Deadline);
    }
}
