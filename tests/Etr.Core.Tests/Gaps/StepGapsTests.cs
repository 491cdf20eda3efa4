using System.Buffers.Binary;
using Etr.Core.Gaps;
using Etr.Core.Training;

namespace Etr.Core.Tests.Gaps;

public sealed class StepGapsTests
{
    private static readonly StepGaps Some = new(7,
    [
        new TraceGaps(3, 0, 0, [(Half)0.5, (Half)(-0.25), (Half)6e-8]),
        new TraceGaps(3, 2, 0, []),
        new TraceGaps(5_000_000_000, 1, 2, [(Half)(-7)]),
    ]);

    [Fact]
    public void A_file_reads_as_it_was_written()
    {
        byte[] bytes = StepGapsCodec.Write(Some);
        Assert.Equal(16 + (3 * 20) + (4 * 2), bytes.Length);
        Assert.Equal(bytes.Length, StepGapsCodec.BytesOf(Some));
        StepGaps read = StepGapsCodec.Read(bytes);
        Assert.Equal(7, read.Step);
        Assert.Equal(Some.Traces.Select(Told), read.Traces.Select(Told));
        Assert.Equal(Told(Some.Traces[2]), Told(Assert.Single(StepGapsCodec.Read(bytes, 5_000_000_000).Traces)));
        Assert.Empty(StepGapsCodec.Read(bytes, 4).Traces);
        Assert.Equal(bytes, StepGapsCodec.Write(read));
    }

    [Theory]
    [InlineData(0, 1)] // no magic
    [InlineData(4, 2)] // another format
    [InlineData(12, int.MaxValue)] // more traces than there are bytes
    [InlineData(12, -1)]
    [InlineData(12, 2)] // fewer traces than are told of
    [InlineData(24, -1)] // a slot below 0
    [InlineData(28, -1)] // updates below 0
    [InlineData(32, int.MaxValue)] // more tokens than there are bytes
    [InlineData(32, -3)]
    [InlineData(32, 2)]
    public void Numbers_that_cannot_be_are_refused(int at, int value)
    {
        byte[] bytes = StepGapsCodec.Write(Some);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), value);
        Assert.Throws<InvalidDataException>(() => StepGapsCodec.Read(bytes));
    }

    [Fact]
    public void A_file_that_ends_early_is_refused_wherever_it_ends()
    {
        byte[] bytes = StepGapsCodec.Write(Some);
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<InvalidDataException>(() => StepGapsCodec.Read(bytes.AsSpan(0, length)));
        Assert.Throws<InvalidDataException>(() => StepGapsCodec.Read([.. bytes, 0]));
    }

    [Fact]
    public void Gaps_are_sampler_less_learner_to_eleven_bits()
    {
        float[] sampler = [-0.5f, -1.25f, -3f, -0.7f];
        float[] learner = [-0.4f, -1.25f, -9.123f, -0.70001f];
        TraceGaps gaps = TraceGaps.Of(new LearnerTrace(1, 0, learner, 0), sampler)!;
        double[] exact = [.. sampler.Zip(learner, (one, other) => (double)one - other)];
        Assert.All(gaps.Values.Zip(exact), pair => Assert.InRange(Math.Abs((double)pair.First - pair.Second), 0, Math.Max(Math.Abs(pair.Second) / 2048, 3e-8)));
        Assert.True((double)gaps.Values[0] < 0 && (double)gaps.Values[2] > 0);
        Assert.Equal(Half.Zero, gaps.Values[1]);
        Assert.All(gaps.LearnerLogProbs(sampler).Zip(learner), pair => Assert.Equal(pair.Second, pair.First, 3.1e-3));
    }

    [Fact]
    public void A_trace_with_a_gap_that_cannot_be_told_has_none()
    {
        Assert.Null(TraceGaps.Of(new LearnerTrace(1, 0, [-0.5f, -70_000f], 0), [-0.5f, -0.5f]));
        Assert.Null(TraceGaps.Of(new LearnerTrace(1, 0, [-0.5f], 0), [-0.5f, -0.5f]));
        Assert.Null(TraceGaps.Of(new LearnerTrace(1, 0, [float.NaN], 0), [-0.5f]));
    }

    private static string Told(TraceGaps trace) => $"{trace.Ordinal} {trace.Slot} {trace.UpdatesBefore}: {string.Join(' ', trace.Values)}";
}
