using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Wall;
using Etr.Grains.Feed;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Etr.Dashboard.Tests.Wall;

public sealed class WallAggregatorTests : IDisposable
{
    private readonly RolloutFeed _feed = new();
    private readonly WallAggregator _aggregator;

    public WallAggregatorTests() => _aggregator = new WallAggregator(
        _feed, new ScriptedRuns(), Options.Create(new DashboardOptions()), TimeProvider.System, NullLogger<WallAggregator>.Instance);

    public void Dispose() => _aggregator.Dispose();

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
}
