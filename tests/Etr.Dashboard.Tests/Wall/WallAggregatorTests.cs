using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Wall;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Runs;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Dashboard.Tests.Wall;

public sealed class WallAggregatorTests : IDisposable
{
    private readonly RolloutFeed _feed = new();
    private readonly ScriptedRuns _runs = new();
    private readonly TestMeters _meters = new();
    private readonly FakeTimeProvider _time = new();
    private readonly WallAggregator _aggregator;

    public WallAggregatorTests() => _aggregator = new WallAggregator(
        _feed, _runs, new WallMetrics(_meters), Options.Create(new DashboardOptions()), _time, NullLogger<WallAggregator>.Instance);

    public void Dispose()
    {
        _aggregator.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public void Each_run_has_a_wall_of_its_own()
    {
        _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 1, value: 0.5));
        _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 2, value: 0.5) with { Run = "run-2" });

        _aggregator.Drain();

        Assert.NotNull(_aggregator.WallOf(Samples.Run).Find(1));
        Assert.Null(_aggregator.WallOf(Samples.Run).Find(2));
        Assert.NotNull(_aggregator.WallOf("run-2").Find(2));
    }

    [Fact]
    public void The_wall_of_a_run_that_draws_or_is_looked_at_outlives_others_names()
    {
        var watched = _aggregator.WallOf("watched");
        for (var other = 0; other < 20; other++)
        {
            _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, other, value: 0.5));
            _aggregator.Drain();
            _aggregator.WallOf($"other {other}");
            Assert.Same(watched, _aggregator.WallOf("watched"));
        }

        Assert.Equal(20, _aggregator.WallOf(Samples.Run).Cells.Count);
    }

    [Fact]
    public async Task A_grain_that_does_not_answer_keeps_no_other_from_being_asked()
    {
        for (var prompt = 0; prompt < 40; prompt++)
        {
            _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, prompt, value: 0.5));
            if (prompt > 20)
                _runs.Prompts[prompt] = Samples.Prompt(prompt);
        }

        _aggregator.Drain();
        var wall = _aggregator.WallOf(Samples.Run);
        for (var turn = 0; turn < 8; turn++)
            await _aggregator.LookUpCategoriesAsync(wall, TestContext.Current.CancellationToken);

        Assert.All(wall.Cells, cell => Assert.Equal(cell.Prompt > 20, cell.Category is not null));
    }

    [Fact]
    public void Of_a_sealed_group_the_trace_that_is_shown_is_kept()
    {
        for (var slot = 0; slot < 4; slot++)
            _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 1, slot: slot, value: 0.1 * slot));
        _feed.Publish(Samples.Event(RolloutEventKind.GroupSealed, 1, value: 0.5));
        _feed.Publish(Samples.Event(RolloutEventKind.TraceEnded, 1, slot: 3, value: 12));
        _aggregator.Drain();

        var cell = _aggregator.WallOf(Samples.Run).Find(1)!;
        Assert.Equal((0, 0.5, 1), (cell.Slot, cell.Accuracy, cell.Steps.Length));
    }

    [Fact]
    public void Events_that_the_ring_forgot_are_counted_and_the_rest_is_read()
    {
        for (var i = 0; i < RolloutFeed.Capacity + 10; i++)
            _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, i % 50, step: i / 50, value: 0.5));

        _aggregator.Drain();

        var wall = _aggregator.WallOf(Samples.Run);
        Assert.Equal(10, wall.Missed);
        Assert.Equal(50, wall.Cells.Count);
    }

    [Fact]
    public void Faults_are_kept_newest_last_and_make_no_cell()
    {
        for (var i = 0; i < 510; i++)
            _feed.Publish(Samples.Event(RolloutEventKind.Fault, 4) with { Text = $"fault {i}" });

        _aggregator.Drain();

        var wall = _aggregator.WallOf(Samples.Run);
        Assert.Equal(("fault 10", "fault 509"), (wall.Faults.First().Text, wall.Faults.Last().Text));
        Assert.Empty(wall.Cells);
    }

    [Fact]
    public void It_measures_how_old_an_event_is_but_not_what_was_before_it_looked()
    {
        var start = _time.GetUtcNow();
        _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 1, value: 0.5) with { At = start - TimeSpan.FromMinutes(5) });
        _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 1, step: 1, value: 0.5) with { At = start });
        _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 1, step: 2, value: 0.5) with { At = start + TimeSpan.FromSeconds(9) });
        _time.Advance(TimeSpan.FromMilliseconds(120));

        _aggregator.Drain();

        Assert.Equal([("etr.dashboard.event_age", "server", 0.12), ("etr.dashboard.event_age", "server", 0)], _meters.Told);
    }

    [Fact]
    public async Task After_a_gap_elsewhere_what_is_being_drawn_is_read_from_its_group()
    {
        _feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 1, step: 0, value: 0.9));
        _aggregator.Drain();
        var group = Samples.Group(1, ordinal: 1, slots: 1);
        _runs.Groups[1] = group with { Phase = GroupPhase.Rolling, Traces = [group.Traces[0] with { StepEntropies = [0.9, 0.7, 0.5], Ended = false }] };

        _feed.RelayMissed(2);
        _feed.Publish(Samples.Event(RolloutEventKind.GroupOpened, 2));
        _aggregator.Drain();
        var wall = _aggregator.WallOf(Samples.Run);
        Assert.Equal([0.9], wall.Find(1)!.Steps.ToArray());
        await _aggregator.HealAsync(wall, TestContext.Current.CancellationToken);

        Assert.Equal([0.9, 0.7, 0.5], wall.Find(1)!.Steps.ToArray());
        Assert.Equal(2, wall.Missed);
        Assert.False(wall.Find(1)!.IsDoubtful);
    }

    [Fact]
    public async Task What_the_run_remembers_of_faults_comes_before_what_this_server_heard_and_nothing_twice()
    {
        var at = _time.GetUtcNow();
        _feed.Publish(Samples.Event(RolloutEventKind.Fault, 3, ordinal: 12) with { Text = "group 12: the draw failed", At = at });
        _aggregator.Drain();
        _runs.Faults =
        [
            new RunFaultNote(at - TimeSpan.FromHours(2), 4, 7, 3, "group 7: 2 reports refused: their lease is not live"),
            new RunFaultNote(at, 9, 12, 3, "group 12: the draw failed"),
        ];

        await _aggregator.HealAsync(_aggregator.WallOf(Samples.Run), TestContext.Current.CancellationToken);

        Assert.Equal(
            [(4, "group", 7L, "group 7: 2 reports refused: their lease is not live"), (9, "group", 12, "group 12: the draw failed")],
            _aggregator.WallOf(Samples.Run).Faults.Select(fault => (fault.Step, fault.Kind, fault.Ordinal, fault.Text)));
    }
}
