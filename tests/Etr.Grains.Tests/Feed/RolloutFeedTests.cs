using Etr.Grains.Feed;

namespace Etr.Grains.Tests.Feed;

public sealed class RolloutFeedTests
{
    private readonly RolloutFeed _feed = new();

    [Fact]
    public void A_page_has_a_silo_s_own_events_and_none_of_others()
    {
        _feed.Publish(Event(1));
        _feed.Relay(Event(2));
        _feed.Publish(Event(3));

        FeedPage page = _feed.ReadPage(0);

        Assert.Equal([1L, 3], page.Events.Select(happened => happened.Ordinal));
        Assert.Equal((0, 2, 0), (page.From, page.Next, page.Missed));
    }

    [Fact]
    public void A_page_says_how_many_of_its_own_the_ring_forgot_before_it_was_asked()
    {
        _feed.Publish(Event(1));
        _feed.Publish(Event(2));
        for (int i = 0; i < RolloutFeed.Capacity - 2; i++)
            _feed.Relay(Event(-1));
        Assert.Equal([1L, 2], _feed.ReadPage(0).Events.Select(happened => happened.Ordinal));

        _feed.Relay(Event(-1));
        _feed.Publish(Event(3));

        FeedPage page = _feed.ReadPage(0);
        Assert.Equal((2, 3, 2), (page.From, page.Next, page.Missed));
        Assert.Equal(3, Assert.Single(page.Events).Ordinal);
    }

    [Fact]
    public void A_page_is_bounded_in_events()
    {
        for (int i = 0; i < FeedPage.MostEvents + 5; i++)
            _feed.Publish(Event(i));

        FeedPage first = _feed.ReadPage(0);
        FeedPage second = _feed.ReadPage(first.Next);

        Assert.Equal((FeedPage.MostEvents, 5), (first.Events.Length, second.Events.Length));
        Assert.Equal(FeedPage.MostEvents + 5, second.Next);
    }

    [Fact]
    public void A_page_is_bounded_in_bytes_whatever_its_texts_are()
    {
        for (int i = 0; i < 500; i++)
            _feed.Publish(Event(i) with { Text = new string('文', 1_000_000 / 100) });

        FeedPage page = _feed.ReadPage(0);

        Assert.InRange(page.Events.Length, 50, 499);
        Assert.InRange(page.Events.Sum(happened => System.Text.Encoding.UTF8.GetByteCount(happened.Text)), 1, FeedPage.MostBytes);
        Assert.Equal(page.Events.Length, page.Next);
    }

    [Fact]
    public async Task Who_waits_for_a_silo_s_own_events_is_not_woken_by_others()
    {
        Task waiting = _feed.WaitOwnAsync(0, TestContext.Current.CancellationToken);
        Task anything = _feed.WaitAsync(0, TestContext.Current.CancellationToken);

        _feed.Relay(Event(1));
        await anything;
        Assert.False(waiting.IsCompleted);

        _feed.Publish(Event(2));
        await waiting;
    }

    internal static RolloutEvent Event(long ordinal) => new(RolloutEventKind.GroupOpened, "run", ordinal, 0, -1, -1, 0, 0, 0, "", DateTimeOffset.UnixEpoch);
}
