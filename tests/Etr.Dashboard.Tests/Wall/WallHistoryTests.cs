using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Wall;
using Etr.Grains.Feed;
using Etr.Grains.Runs;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Etr.Dashboard.Tests.Wall;

public sealed class WallHistoryTests : IDisposable
{
    private readonly RolloutFeed _feed = new();
    private readonly ScriptedRuns _runs = new();
    private readonly TestMeters _meters = new();
    private readonly WallAggregator _aggregator;

    public WallHistoryTests() => _aggregator = new WallAggregator(
        _feed, _runs, new WallMetrics(_meters), Options.Create(new DashboardOptions()), TimeProvider.System, NullLogger<WallAggregator>.Instance);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RunWall Wall => _aggregator.WallOf(Samples.Run);

    public void Dispose()
    {
        _aggregator.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public async Task A_wall_that_a_page_opens_shows_the_newest_round_of_every_prompt_as_sealed_ones_look()
    {
        _runs.Rounds = [Round(7, ordinal: 30), Round(7, ordinal: 10, entropies: [9, 9]), Round(8, ordinal: 20)];

        await _aggregator.SeedAsync(Wall, Cancellation);

        var cell = Wall.Find(7)!;
        Assert.Equal((30L, 3L, false, 0.5, 40.0, 2), (cell.Ordinal, cell.PolicyVersion, cell.Live, cell.Accuracy, cell.Length, cell.Slot));
        Assert.Equal([1, 0.5, 0.25], cell.Steps.ToArray());
        Assert.Equal((TrendDirection.Falling, -0.7), (cell.Direction, cell.Trend));
        Assert.Equal(20, Wall.Find(8)!.Ordinal);
        Assert.Equal((2, WallHistory.Read), (Wall.Cells.Count, Wall.History));
        // Nothing has happened, so nothing is new.
        Assert.Null(Wall.NewestAt);
    }

    [Fact]
    public async Task What_the_feed_told_is_never_overwritten()
    {
        _feed.Publish(Samples.Event(RolloutEventKind.GroupOpened, 7) with { Ordinal = 40 });
        _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 7, step: 0, value: 2) with { Ordinal = 40, Slot = 3 });
        _aggregator.Drain();
        _runs.Rounds = [Round(7, ordinal: 30)];

        await _aggregator.SeedAsync(Wall, Cancellation);

        var cell = Wall.Find(7)!;
        Assert.Equal((40L, true, 3), (cell.Ordinal, cell.Live, cell.Slot));
        Assert.Equal([2], cell.Steps.ToArray());
        // What the feed has not told yet is the last round's.
        Assert.Equal((0.5, 40.0), (cell.Accuracy, cell.Length));
    }

    [Fact]
    public async Task A_verdict_that_the_feed_told_stays_where_the_history_has_the_same_group()
    {
        _feed.Publish(Samples.Event(RolloutEventKind.GroupSealed, 7, value: 1) with { Ordinal = 30 });
        _aggregator.Drain();
        _runs.Rounds = [Round(7, ordinal: 30)];

        await _aggregator.SeedAsync(Wall, Cancellation);

        Assert.Equal(1, Wall.Find(7)!.Accuracy);
        Assert.Equal([1, 0.5, 0.25], Wall.Find(7)!.Steps.ToArray());
    }

    [Fact]
    public async Task A_group_that_is_opened_on_a_cell_of_the_history_goes_on_from_it()
    {
        _runs.Rounds = [Round(7, ordinal: 30)];
        await _aggregator.SeedAsync(Wall, Cancellation);

        _feed.Publish(Samples.Event(RolloutEventKind.GroupOpened, 7) with { Ordinal = 40 });
        _aggregator.Drain();
        Assert.Equal([1, 0.5, 0.25], Wall.Find(7)!.Steps.ToArray());
        _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 7, step: 0, value: 2) with { Ordinal = 40, Slot = 3 });
        _aggregator.Drain();

        Assert.Equal([2], Wall.Find(7)!.Steps.ToArray());
        Assert.True(Wall.Find(7)!.Live);
    }

    [Fact]
    public async Task The_history_is_read_page_by_page_until_every_prompt_is_there()
    {
        (_runs.Rounds, _runs.RoundsAtATime, _runs.PromptCount) = ([.. Enumerable.Range(0, 100).Select(i => Round(i % 50, ordinal: i, step: 1 + i / 10))], 20, 50);

        await _aggregator.SeedAsync(Wall, Cancellation);

        Assert.Equal(50, Wall.Cells.Count);
        Assert.All(Wall.Cells, cell => Assert.InRange(cell.Ordinal, 50, 99));
        Assert.Equal([null, new RoundPlace(9, 80), new RoundPlace(7, 60)], _runs.RoundReadings);
    }

    [Fact]
    public async Task A_history_that_does_not_answer_is_asked_for_again_by_the_next_page()
    {
        _runs.Rounds = null;
        _aggregator.Open(Wall);
        Assert.Equal(WallHistory.Reading, Wall.History);
        await _aggregator.SeedAsync(Wall, Cancellation);
        Assert.Equal(WallHistory.Unasked, Wall.History);

        _runs.Rounds = [Round(7, ordinal: 30)];
        _aggregator.Open(Wall);
        await _aggregator.SeedAsync(Wall, Cancellation);

        Assert.Equal((WallHistory.Read, 1), (Wall.History, Wall.Cells.Count));
    }

    [Fact]
    public async Task An_archive_that_is_too_busy_is_asked_a_few_times_and_then_left_for_the_next_page()
    {
        _runs.RoundsAreBusy = true;

        await _aggregator.SeedAsync(Wall, Cancellation);

        Assert.Equal((WallHistory.Unasked, 4), (Wall.History, _runs.RoundReadings.Count));
    }

    [Fact]
    public async Task Only_walls_that_a_page_opens_have_a_history_and_only_once()
    {
        _runs.Rounds = [Round(7, ordinal: 30)];
        _feed.Publish(Samples.Event(RolloutEventKind.GroupOpened, 1));
        _aggregator.Drain();
        Assert.Equal(WallHistory.Unasked, Wall.History);

        await _aggregator.StartAsync(Cancellation);
        _aggregator.Open(Wall);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Wall.History != WallHistory.Read)
        {
            deadline.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        _aggregator.Open(Wall);
        await _aggregator.StopAsync(Cancellation);

        Assert.Single(_runs.RoundReadings);
        Assert.NotNull(Wall.Find(7));
    }

    [Fact]
    public void A_trace_of_more_steps_than_are_kept_says_how_many_it_had()
    {
        var cell = new WallCell(1);
        cell.Seed(Round(1, ordinal: 3, entropies: [.. Enumerable.Range(0, RunRound.MostEntropies).Select(i => (double)i)]) with { ReasoningSteps = 2_000 });

        Assert.Equal((2_000, SlotTrace.Most), (cell.StepCount, cell.Steps.Length));
        Assert.Equal(SlotTrace.Most, RunRound.MostEntropies);
    }

    [Fact]
    public void A_round_of_which_no_trace_is_kept_has_a_verdict_and_no_entropies()
    {
        var cell = new WallCell(1);
        Assert.True(cell.Seed(Round(1, ordinal: 3, entropies: []) with { Slot = -1, ReasoningSteps = 0, Length = double.NaN }));

        Assert.Equal((0.5, 0.0, 0, -1), (cell.Accuracy, cell.Length, cell.StepCount, cell.Slot));
        Assert.Equal(TrendDirection.Unknown, cell.Direction);
    }

    private static RunRound Round(int prompt, long ordinal, int step = 5, double[]? entropies = null) => new()
    {
        Step = step,
        Ordinal = ordinal,
        Prompt = prompt,
        Round = 0,
        PolicyVersion = 3,
        Accuracy = 0.5,
        Length = 40,
        Trend = -0.5,
        Slot = 2,
        ReasoningSteps = entropies?.Length ?? 3,
        TraceTrend = -0.7,
        StepEntropies = entropies ?? [1, 0.5, 0.25],
    };
}
