using System.Buffers.Binary;
using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Wall;
using Etr.Grains.Feed;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Dashboard.Tests.Wall;

public sealed class WallSessionTests
{
    private static readonly TimeSpan SortInterval = TimeSpan.FromSeconds(2);

    private readonly FakeTimeProvider _time = new();
    private readonly RunWall _wall = new(Samples.Run);
    private readonly WallSession _session;

    public WallSessionTests()
    {
        _session = new WallSession(_wall, SortInterval, _time);
        _session.Show(0, 10);
    }

    [Fact]
    public void The_first_frame_is_a_snapshot_and_the_next_only_what_changed()
    {
        Step(1, 0, 0.5);
        Step(2, 0, 0.5);
        Assert.Equal((1u, true, 2), Read(_session.Next()));

        Assert.Null(_session.Next());
        Step(2, 1, 0.25);
        Assert.Equal((2u, false, 1), Read(_session.Next()));
    }

    [Fact]
    public void A_trace_that_goes_on_is_told_by_its_further_steps_alone()
    {
        Step(1, 0, 0.5);
        var whole = _session.Next()!.Length;

        Step(1, 1, 0.25);
        Step(1, 2, 0.125);
        var frame = _session.Next()!;

        Assert.Equal((2u, false, 2), Read(frame));
        Assert.Equal((0u, 28 + 2 * 8), (BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(20)), frame.Length));
        Assert.True(frame.Length < whole);
        Assert.Equal(((1u, 250), (1u, 125)), (More(frame, 28), More(frame, 36)));
    }

    [Fact]
    public void A_trace_whose_steps_are_drawn_anew_is_told_whole()
    {
        Step(1, 0, 0.5);
        Step(1, 1, 0.5);
        _session.Next();

        Step(1, 0, 0.4);
        Step(1, 1, 0.4);
        Step(1, 2, 0.4);

        Assert.Equal(1u, BinaryPrimitives.ReadUInt32LittleEndian(_session.Next().AsSpan(20)));
    }

    [Fact]
    public void Changes_out_of_view_send_nothing_until_they_are_scrolled_to()
    {
        for (var prompt = 0; prompt < 30; prompt++)
            Step(prompt, 0, 0.5);
        Assert.Equal((1u, true, 10), Read(_session.Next()));

        Step(20, 1, 0.4);
        Assert.Null(_session.Next());

        _session.Show(20, 5);
        Assert.Equal((2u, true, 5), Read(_session.Next()));
    }

    [Fact]
    public void After_a_lost_frame_everything_in_view_is_said_again()
    {
        Step(1, 0, 0.5);
        Step(2, 0, 0.5);
        _session.Next();

        _session.Lost();

        Assert.Equal((2u, true, 2), Read(_session.Next()));
    }

    [Fact]
    public void A_hidden_or_paused_wall_sends_nothing()
    {
        Step(1, 0, 0.5);
        _session.Next();
        _session.SetPaused(true);
        Step(1, 1, 0.5);
        Assert.Null(_session.Next());
        _session.SetPaused(false);
        Assert.NotNull(_session.Next());

        _session.SetVisible(false);
        Step(1, 2, 0.5);
        Assert.Null(_session.Next());
        _session.SetVisible(true);
        Assert.NotNull(_session.Next());
    }

    [Fact]
    public void Cells_change_places_only_when_sorting_is_due()
    {
        _session.Ask(new WallQuery { Sort = WallSort.Wrong });
        Seal(1, 0.5);
        Seal(2, 1);
        _session.Next();

        Seal(2, 0, ordinal: 2);
        Assert.Equal((2u, false, 1), Read(_session.Next()));

        _time.Advance(SortInterval);
        Assert.Equal((3u, true, 2), Read(_session.Next()));
    }

    [Fact]
    public void A_browser_cannot_ask_for_more_than_a_frame_may_hold()
    {
        for (var prompt = 0; prompt < WallSession.MostVisible + 5; prompt++)
            Step(prompt, 0, 0.5);

        _session.Show(-3, int.MaxValue);

        Assert.Equal((1u, true, WallSession.MostVisible), Read(_session.Next()));
    }

    [Fact]
    public void The_age_of_events_is_measured_when_they_go_into_a_frame_and_not_in_snapshots()
    {
        using var meters = new TestMeters();
        var session = new WallSession(_wall, SortInterval, _time, new WallMetrics(meters));
        session.Show(0, 10);
        Step(1, 0, 0.5);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(Read(session.Next()).Snapshot);
        Assert.Empty(meters.Told);

        Step(1, 1, 0.4);
        _time.Advance(TimeSpan.FromMilliseconds(150));
        Step(1, 2, 0.3);
        _time.Advance(TimeSpan.FromMilliseconds(100));
        Assert.False(Read(session.Next()).Snapshot);

        Assert.Equal([0.1, 0.25], meters.Told.Select(told => told.Value).Order());
        Assert.All(meters.Told, told => Assert.Equal(("etr.dashboard.event_age", "frame"), (told.Name, told.Tag)));
    }

    private static (uint Sequence, bool Snapshot, int Cells) Read(byte[]? frame)
    {
        Assert.NotNull(frame);
        return (BinaryPrimitives.ReadUInt32LittleEndian(frame),
            BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(4)) == 1,
            (int)(BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(20)) + BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(24))));
    }

    private static (uint Prompt, int Millinats) More(byte[] frame, int at) =>
        (BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(at)) & 0x3fff_ffff, BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(at + 4)));

    private void Step(int prompt, int step, double entropy) =>
        Apply(Samples.Event(RolloutEventKind.StepSampled, prompt, step: step, value: entropy) with { At = _time.GetUtcNow() });

    private void Seal(int prompt, double accuracy, long ordinal = 1) => Apply(Samples.Event(RolloutEventKind.GroupSealed, prompt, value: accuracy, ordinal: ordinal));

    private void Apply(RolloutEvent happened)
    {
        _wall.BeginBatch();
        _wall.Apply(happened);
    }
}
