using System.Runtime.Intrinsics;
using Etr.Policy.Rollouts.Cpu;

namespace Etr.Policy.Tests.Rollouts.Cpu;

public sealed unsafe class VectorMathTests
{
    [Fact]
    public void Exponentials_are_right_to_two_parts_in_ten_million()
    {
        double worst = 0;
        for (float x = -87; x < 88; x += 0.0037f)
        {
            double exact = Math.Exp(x);
            worst = Math.Max(worst, Math.Abs(VectorMath.Exp(Vector512.Create(x))[3] - exact) / exact);
        }

        Assert.InRange(worst, 0, 2e-7);
    }

    [Fact]
    public void Exponentials_at_the_ends_are_zero_one_large_and_not_a_number()
    {
        Assert.InRange(VectorMath.Exp(Vector512.Create(float.NegativeInfinity))[0], 0, 2e-38f);
        Assert.Equal(1, VectorMath.Exp(Vector512<float>.Zero)[0]);
        Assert.True(VectorMath.Exp(Vector512.Create(float.PositiveInfinity))[0] > 1e38f);
        Assert.True(float.IsNaN(VectorMath.Exp(Vector512.Create(float.NaN))[0]));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(47)]
    [InlineData(128)]
    public void A_normalised_row_has_a_mean_square_of_one(int count)
    {
        var random = new Random(count);
        float[] x = [.. Enumerable.Range(0, count).Select(_ => (float)(9 * random.NextDouble() - 3))];
        float[] y = new float[count];
        fixed (float* from = x, to = y)
        {
            VectorMath.Normalise(from, to, count, 1e-6);
        }

        double scale = 1 / Math.Sqrt(x.Sum(value => (double)value * value) / count + 1e-6);
        Assert.All(x.Zip(y), pair => Assert.Equal(pair.First * scale, pair.Second, 1e-5));
    }

    [Fact]
    public void A_gated_unit_is_silu_of_the_gate_times_the_other()
    {
        float[] gate = [.. Enumerable.Range(0, 32).Select(i => (i - 16) * 7.5f)];
        float[] up = [.. Enumerable.Range(0, 32).Select(i => 1 + i / 10f)];
        float[] y = new float[32];
        fixed (float* g = gate, u = up, to = y)
        {
            VectorMath.SwiGlu(g, u, to, 32);
        }

        for (int i = 0; i < 32; i++)
        {
            double expected = gate[i] / (1 + Math.Exp(-gate[i])) * up[i];
            Assert.Equal(expected, y[i], 1e-6 * Math.Max(1, Math.Abs(expected)));
        }
    }
}
