using System.Threading.Channels;
using Etr.Grains.Feed;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Grains.Tests.Feed;

/// <summary>What a silo does for those who watch it, by a clock that the test moves.</summary>
public sealed class FeedSubscriptionsTests
{
    private readonly RolloutFeed _feed = new();
    private readonly NotedTime _time = new();
    private readonly FeedSubscriptions _subscriptions;
    private readonly Guid _hub = Guid.NewGuid();

    public FeedSubscriptionsTests() => _subscriptions = new FeedSubscriptions("silo", _feed, _time, NullLogger.Instance);

    [Fact]
    public async Task What_happens_within_a_tenth_of_a_second_is_one_page()
    {
        var dashboard = new Dashboard();
        _subscriptions.Renew(_hub, dashboard, Guid.Empty, 0);

        Publish(3);
        FeedPage page = await NextAsync(dashboard);

        Assert.Equal([0L, 1, 2], page.Events.Select(happened => happened.Ordinal));
    }

    [Fact]
    public async Task A_page_is_not_sent_before_the_last_one_was_answered()
    {
        var dashboard = new Dashboard { Holds = true };
        _subscriptions.Renew(_hub, dashboard, Guid.Empty, 0);
        Publish(1);
        await NextAsync(dashboard);

        // A dashboard that does not answer costs the silo this one call, however much happens.
        for (int i = 0; i < 20; i++)
        {
            Publish(100);
            _time.Advance(FeedSubscriptions.Coalescing);
        }

        Assert.Equal(1, dashboard.Calls);
        dashboard.Answer();
        Assert.Equal(FeedPage.MostEvents - 48, (await NextAsync(dashboard)).Events.Length);
    }

    [Fact]
    public async Task Without_an_answer_the_page_is_sent_again_from_where_it_began()
    {
        var dashboard = new Dashboard { Fails = 1 };
        _subscriptions.Renew(_hub, dashboard, Guid.Empty, 0);
        Publish(2);
        await NextAsync(dashboard);

        FeedPage again = await NextAsync(dashboard, afterFailure: true);

        Assert.Equal((0, 2), (again.From, again.Next));
    }

    [Fact]
    public async Task A_dashboard_that_does_not_answer_hears_of_what_the_ring_forgot_meanwhile()
    {
        var dashboard = new Dashboard { Fails = 1 };
        _subscriptions.Renew(_hub, dashboard, Guid.Empty, 0);
        Publish(1);
        await NextAsync(dashboard);

        Publish(RolloutFeed.Capacity + 9);

        FeedPage page = await NextAsync(dashboard, afterFailure: true);
        Assert.Equal((10, 10), (page.From, page.Missed));
    }

    [Fact]
    public void A_subscription_that_is_not_renewed_is_gone_and_nothing_is_sent_any_more()
    {
        var dashboard = new Dashboard();
        _subscriptions.Renew(_hub, dashboard, Guid.Empty, 0);
        _time.Advance(FeedSubscriptions.Expiry - TimeSpan.FromSeconds(1));
        Assert.True(_subscriptions.Renew(_hub, dashboard, Guid.Empty, 0).Renewed);
        _time.Advance(FeedSubscriptions.Expiry - TimeSpan.FromSeconds(1));
        Assert.Equal(1, _subscriptions.Count);

        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(0, _subscriptions.Count);
        Publish(1);
        _time.Advance(FeedSubscriptions.Expiry);
        Assert.Equal(0, dashboard.Calls);
        Assert.False(_subscriptions.Renew(_hub, dashboard, Guid.Empty, 0).Renewed);
    }

    [Fact]
    public async Task Who_comes_again_goes_on_where_it_was_and_who_comes_first_gets_the_newest()
    {
        Publish(FeedSubscriptions.Backlog + 10);
        var dashboard = new Dashboard();

        Assert.Equal(8_200, _subscriptions.Renew(_hub, dashboard, _feed.Epoch, 8_200).Next);
        FeedPage page = await NextAsync(dashboard);
        Assert.Equal((8_200, FeedSubscriptions.Backlog + 10), (page.From, page.Next));

        Assert.Equal(10, _subscriptions.Renew(Guid.NewGuid(), new Dashboard(), Guid.Empty, 0).Next);
        Assert.Equal(0, _subscriptions.Renew(Guid.NewGuid(), new Dashboard(), Guid.NewGuid(), 8_200).Next);
    }

    [Fact]
    public async Task Who_does_not_know_the_silo_any_more_is_left_out()
    {
        var dashboard = new Dashboard { LeavesOut = true };
        _subscriptions.Renew(_hub, dashboard, Guid.Empty, 0);
        Publish(1);

        await NextAsync(dashboard);

        await UntilAsync(() => _subscriptions.Count == 0);
    }

    [Fact]
    public void A_silo_has_a_bounded_number_of_dashboards_and_room_again_when_one_has_expired()
    {
        for (int i = 0; i < FeedSubscriptions.Most; i++)
            Assert.True(_subscriptions.Renew(Guid.NewGuid(), new Dashboard(), Guid.Empty, 0).Accepted);

        Assert.False(_subscriptions.Renew(_hub, new Dashboard(), Guid.Empty, 0).Accepted);
        _time.Advance(FeedSubscriptions.Expiry);
        Assert.True(_subscriptions.Renew(_hub, new Dashboard(), Guid.Empty, 0).Accepted);
    }

    private void Publish(int count)
    {
        for (int i = 0; i < count; i++)
            _feed.Publish(RolloutFeedTests.Event(i));
    }

    // The subscription's loop runs beside the test: time moves on when it waits for it.
    private async Task<FeedPage> NextAsync(Dashboard dashboard, bool afterFailure = false)
    {
        if (afterFailure)
            await _time.PassAsync(FeedSubscriptions.Pause);
        await _time.PassAsync(FeedSubscriptions.Coalescing);
        return await dashboard.NextAsync();
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private sealed class Dashboard : IFeedObserver
    {
        private readonly Channel<FeedPage> _pages = Channel.CreateUnbounded<FeedPage>();
        private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public bool Holds { get; init; }

        public bool LeavesOut { get; init; }

        public int Fails { get; init; }

        public Task<FeedPage> NextAsync() => _pages.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask();

        public void Answer() => _answer.SetResult();

        public async Task<long> TakeAsync(string silo, FeedPage page)
        {
            int call = Interlocked.Increment(ref _calls);
            await _pages.Writer.WriteAsync(page);
            if (Holds)
                await _answer.Task;
            if (call <= Fails)
                throw new InvalidOperationException("the dashboard cannot take it");
            return LeavesOut ? IFeedObserver.LeaveOut : page.Next;
        }
    }

    /// <summary>Time that passes when someone waits for it.</summary>
    private sealed class NotedTime : FakeTimeProvider
    {
        private readonly Channel<TimeSpan> _awaited = Channel.CreateUnbounded<TimeSpan>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            ITimer timer = base.CreateTimer(callback, state, dueTime, period);
            _awaited.Writer.TryWrite(dueTime);
            return timer;
        }

        public async Task PassAsync(TimeSpan time)
        {
            while (await _awaited.Reader.ReadAsync(TestContext.Current.CancellationToken) != time)
            {
            }

            Advance(time);
        }
    }
}
