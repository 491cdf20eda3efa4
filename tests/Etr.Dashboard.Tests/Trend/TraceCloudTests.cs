using System.Buffers.Binary;
using Etr.Dashboard.History;
using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Trend;

namespace Etr.Dashboard.Tests.Trend;

public sealed class TraceCloudTests
{
    private readonly ScriptedRuns _runs = new();
    private readonly RunHistory _history = new(Samples.Run);
    private readonly TraceCloud _cloud = new(Samples.Run);

    [Fact]
    public async Task The_newest_groups_are_read_a_few_at_a_time_and_each_once()
    {
        for (var step = 1; step <= 4; step++)
            Commit(step, 4);

        for (var i = 0; i < 10; i++)
            await _cloud.UpdateAsync(_history, _runs, TestContext.Current.CancellationToken);

        Assert.Equal(16, _cloud.Version);
        Assert.Equal(16 * 8, _cloud.Points.Count);
        Assert.Equal([1, 2, 3, 4], _cloud.Points.Select(point => point.Step).Distinct());
    }

    [Fact]
    public async Task A_run_without_end_takes_bounded_memory()
    {
        for (var step = 1; step <= 100; step++)
        {
            Commit(step, 6);
            await _cloud.UpdateAsync(_history, _runs, TestContext.Current.CancellationToken);
        }

        Assert.Equal(TraceCloud.MostPoints, _cloud.Points.Count);
        Assert.Equal(100, _cloud.Points.Max(point => point.Step));
    }

    [Fact]
    public async Task A_group_that_does_not_answer_is_asked_again()
    {
        Commit(1, 1);
        _runs.Groups.Clear();
        await Assert.ThrowsAsync<TimeoutException>(() => _cloud.UpdateAsync(_history, _runs, TestContext.Current.CancellationToken));

        _runs.Groups[8] = Samples.Group(8, ordinal: 8);
        await _cloud.UpdateAsync(_history, _runs, TestContext.Current.CancellationToken);

        Assert.Equal(8, _cloud.Points.Count);
    }

    [Fact]
    public void A_trace_is_twenty_eight_bytes()
    {
        var bytes = CloudFrame.Write([new TracePoint(3, 40, 17, 2, -0.5, double.NaN, 57, -1, true)]);

        Assert.Equal(32, bytes.Length);
        Assert.Equal((-0.5f, 57u, 17u, 40u), (BinaryPrimitives.ReadSingleLittleEndian(bytes.AsSpan(4)), U32(12), U32(16), U32(20)));
        Assert.Equal((2, 1), (bytes[30], bytes[31]));

        uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
    }

    private void Commit(int step, int groups)
    {
        long[] ordinals = [.. Enumerable.Range(0, groups).Select(i => step * 8L + i)];
        foreach (var ordinal in ordinals)
            _runs.Groups[ordinal] = Samples.Group((int)ordinal, ordinal);
        _history.Add(Samples.Step(1) with { Step = step, Ordinals = ordinals });
    }
}
