using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Wall;
using Etr.Grains.Feed;

namespace Etr.Dashboard.Tests.Wall;

public sealed class WallCellTests
{
    private readonly WallCell _cell = new(5);

    [Fact]
    public void One_trace_is_followed_to_its_end_while_its_siblings_go_on()
    {
        Step(slot: 3, step: 0, entropy: 1);
        Step(slot: 1, step: 0, entropy: 9);
        Step(slot: 3, step: 1, entropy: 0.5);
        Assert.Equal([1, 0.5], _cell.Steps.ToArray());

        Happen(RolloutEventKind.TraceEnded, slot: 3, value: 40);
        Step(slot: 1, step: 1, entropy: 8);
        Assert.Equal([9, 8], _cell.Steps.ToArray());
        Assert.Equal(1, _cell.Slot);
    }

    [Fact]
    public void A_trace_drawn_again_forgets_what_followed_its_prefix()
    {
        Step(slot: 0, step: 0, entropy: 1);
        Step(slot: 0, step: 1, entropy: 2);
        Step(slot: 0, step: 2, entropy: 3);

        Step(slot: 0, step: 1, entropy: 4);

        Assert.Equal([1, 4], _cell.Steps.ToArray());
    }

    [Fact]
    public void Only_the_newest_steps_of_an_endless_trace_are_kept()
    {
        for (var step = 0; step < 3 * SlotTrace.Most; step++)
            Step(slot: 0, step: step, entropy: step);

        Assert.Equal(3 * SlotTrace.Most, _cell.StepCount);
        Assert.Equal(SlotTrace.Most, _cell.Steps.Length);
        Assert.Equal(3 * SlotTrace.Most - 1, _cell.Steps[^1]);
    }

    [Fact]
    public void A_step_far_beyond_what_was_seen_allocates_nothing_for_the_gap()
    {
        Step(slot: 0, step: int.MaxValue - 1, entropy: 0.5);

        Assert.Equal([0.5], _cell.Steps.ToArray());
    }

    [Fact]
    public void Late_events_of_an_older_group_change_nothing()
    {
        Happen(RolloutEventKind.GroupOpened, ordinal: 9);
        Step(slot: 0, step: 0, entropy: 1, ordinal: 9);

        Step(slot: 0, step: 0, entropy: 7, ordinal: 2);

        Assert.Equal([1], _cell.Steps.ToArray());
        Assert.Equal(9, _cell.Ordinal);
    }

    [Fact]
    public void A_sealed_group_is_no_longer_live_and_has_a_verdict()
    {
        Step(slot: 0, step: 0, entropy: 1);
        Happen(RolloutEventKind.TraceEnded, slot: 0, value: 40);
        Happen(RolloutEventKind.TraceEnded, slot: 1, value: 60);
        Assert.True(_cell.Live);

        Happen(RolloutEventKind.GroupSealed, value: 0.5);

        Assert.False(_cell.Live);
        Assert.Equal((0.5, 50), (_cell.Accuracy, _cell.Length));
    }

    [Theory]
    [InlineData(new[] { 1.0 }, "no trend yet")]
    [InlineData(new[] { 1.0, 0.2 }, "falling")]
    [InlineData(new[] { 1.0, 0.96 }, "flat")]
    [InlineData(new[] { 0.2, 1.0, 0.9 }, "rising")]
    public void The_direction_is_that_of_later_steps_against_the_first(double[] entropies, string expected)
    {
        for (var step = 0; step < entropies.Length; step++)
            Step(slot: 0, step: step, entropy: entropies[step]);

        Assert.Equal(expected, _cell.Direction.Word());
    }

    [Fact]
    public void The_fall_is_the_recent_weighted_mean_drop_below_the_first_step()
    {
        // Weights 0.9 and 1: (0.9 · (1 − 0.5) + 1 · (1 − 0.2)) / 1.9.
        Assert.Equal(1.25 / 1.9, TrendDirections.FallOf([1, 0.5, 0.2]), 12);
    }

    private void Step(int slot, int step, double entropy, long ordinal = 1) =>
        _cell.Apply(Samples.Event(RolloutEventKind.StepSampled, 5, slot, step, entropy, ordinal: ordinal));

    private void Happen(RolloutEventKind kind, int slot = -1, double value = 0, long ordinal = 1) =>
        _cell.Apply(Samples.Event(kind, 5, slot, -1, value, ordinal: ordinal));
}
