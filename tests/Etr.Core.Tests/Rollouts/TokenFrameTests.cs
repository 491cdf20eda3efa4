using System.Buffers.Binary;
using Etr.Core.Rollouts;

namespace Etr.Core.Tests.Rollouts;

public class TokenFrameTests
{
    private static readonly SampledToken[] Tokens =
    [
        new(17, "häuser\n\n", -0.25f, 1.5f, 0.75f, true, 12),
        new(0, "", 0f, 0f, 0f, false, long.MaxValue),
    ];

    [Fact]
    public void Tokens_come_back_as_they_went_in() => Assert.Equal(Tokens, TokenFrame.Unpack(TokenFrame.Pack(Tokens)));

    [Fact]
    public void No_tokens_make_a_frame_too() => Assert.Empty(TokenFrame.Unpack(TokenFrame.Pack([])));

    [Fact]
    public void A_frame_cut_anywhere_is_refused()
    {
        byte[] frame = TokenFrame.Pack(Tokens);
        for (int length = 0; length < frame.Length; length++)
            Assert.Throws<InvalidDataException>(() => TokenFrame.Unpack(frame.AsSpan(0, length)));
    }

    [Fact]
    public void A_frame_with_bytes_left_over_is_refused() =>
        Assert.Throws<InvalidDataException>(() => TokenFrame.Unpack([.. TokenFrame.Pack(Tokens), 0]));

    [Theory]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    public void A_count_beyond_the_bytes_is_refused_before_anything_is_allocated(int count)
    {
        byte[] frame = TokenFrame.Pack(Tokens);
        BinaryPrimitives.WriteInt32LittleEndian(frame, count);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => TokenFrame.Unpack(frame));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void A_text_beyond_its_bound_is_not_packed() =>
        Assert.Throws<ArgumentException>(() => TokenFrame.Pack([Tokens[0] with { Text = new string('x', TokenFrame.MaximumTextBytes + 1) }]));
}
