using System.Buffers.Binary;
using Etr.Dashboard.Charts;
using Etr.Dashboard.History;
using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.History;

public sealed class HistorySourceTests
{
    private readonly RunHistory _history = new(Samples.Run);
    private readonly ChartCursor _cursor = new();

    [Fact]
    public void The_first_frame_says_everything_and_the_next_only_what_is_new()
    {
        Add(1, 3);
        Assert.Equal((1u, 1u, 0u, 3u), Header(Next()));
        Assert.Null(Next());

        Add(4, 4);
        var frame = Next()!;
        // The row before is said again: it may have grown.
        Assert.Equal((2u, 0u, 2u, 2u), Header(frame));
        Assert.Equal([3f, 4f, 3f, 4f], Floats(frame));

        _cursor.Lost();
        Assert.Equal((3u, 1u, 0u, 4u), Header(Next()));
    }

    [Fact]
    public void Rows_that_are_stretches_bring_their_extremes()
    {
        Add(1, RunHistory.MostPoints + 1);

        var frame = Next()!;

        Assert.Equal((1u, 3u, 0u), (Header(frame).Sequence, Header(frame).Flags, Header(frame).First));
        var rows = (int)Header(frame).Rows;
        var floats = Floats(frame);
        Assert.Equal((2f, 1.5f, 1f, 2f), (floats[0], floats[rows], floats[2 * rows], floats[3 * rows]));
    }

    [Fact]
    public void A_figure_that_the_run_lacks_is_a_gap()
    {
        Add(1, 1);

        var frame = new HistorySource(_history).NextFrame(_cursor, ["nothing"])!;

        Assert.True(float.IsNaN(Floats(frame)[1]));
    }

    private byte[]? Next() => new HistorySource(_history).NextFrame(_cursor, ["length"]);

    private void Add(int from, int to)
    {
        for (var step = from; step <= to; step++)
            _history.Add(Samples.Step(1) with { Step = step, Length = step });
    }

    private static (uint Sequence, uint Flags, uint First, uint Rows) Header(byte[]? frame)
    {
        Assert.NotNull(frame);
        uint At(int i) => BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(4 * i));
        return (At(0), At(1), At(2), At(3));
    }

    private static float[] Floats(byte[] frame) =>
        [.. Enumerable.Range(0, (frame.Length - 20) / 4).Select(i => BinaryPrimitives.ReadSingleLittleEndian(frame.AsSpan(20 + 4 * i)))];
}
