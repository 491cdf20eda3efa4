using Etr.Core.Rollouts;

namespace Etr.Core.Tests.Rollouts;

public sealed class Philox4x32Tests
{
    // The known answers published with the generator (Random123, kat_vectors).
    [Theory]
    [InlineData(0UL, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(ulong.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x299f31d0a4093822UL, 0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void A_block_equals_the_published_known_answer(
        ulong key, uint c0, uint c1, uint c2, uint c3, uint x, uint y, uint z, uint w) =>
        Assert.Equal((x, y, z, w), Philox4x32.Block(key, (c0, c1, c2, c3)));

    [Fact]
    public void A_draw_depends_on_seed_prompt_round_slot_and_token()
    {
        double draw = Philox4x32.Uniform(7, new TraceKey(1, 2, 3), 4);

        Assert.Equal(draw, Philox4x32.Uniform(7, new TraceKey(1, 2, 3), 4));
        Assert.NotEqual(draw, Philox4x32.Uniform(8, new TraceKey(1, 2, 3), 4));
        Assert.NotEqual(draw, Philox4x32.Uniform(7, new TraceKey(2, 2, 3), 4));
        Assert.NotEqual(draw, Philox4x32.Uniform(7, new TraceKey(1, 3, 3), 4));
        Assert.NotEqual(draw, Philox4x32.Uniform(7, new TraceKey(1, 2, 4), 4));
        Assert.NotEqual(draw, Philox4x32.Uniform(7, new TraceKey(1, 2, 3), 5));
    }

    [Fact]
    public void Draws_are_uniform_on_the_unit_interval()
    {
        const int Draws = 100_000;
        var buckets = new int[10];
        for (uint token = 0; token < Draws; token++)
        {
            double draw = Philox4x32.Uniform(1, new TraceKey(0, 0, 0), token);
            Assert.InRange(draw, 0.0, Math.BitDecrement(1.0));
            buckets[(int)(draw * 10)]++;
        }

        // Chi-squared with nine degrees of freedom: 27.9 is passed once in a thousand.
        double chiSquared = buckets.Sum(count => Math.Pow(count - (Draws / 10.0), 2) / (Draws / 10.0));
        Assert.InRange(chiSquared, 0.0, 27.9);
    }
}
