using Etr.Policy.Checkpoints;
using Etr.Policy.Rollouts.Cpu;
using TorchSharp;

namespace Etr.Policy.Tests.Rollouts.Cpu;

public sealed unsafe class PanelProductTests
{
    private const int Inputs = 300;
    private const int Outputs = 100;

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void Every_output_is_the_plain_sum_to_the_bit_for_any_number_of_rows(bool bytes, bool narrow)
    {
        float[] weights = Numbers(Outputs * Inputs, 1);
        float[] x = Numbers(60 * Inputs, 2);
        float[] bias = [.. Numbers(Outputs, 3), .. new float[28]];
        using PackedMatrix matrix = Pack(weights, bytes);
        for (int rows = 1; rows <= 60; rows += rows < 20 ? 1 : 8)
        {
            float[] y = Multiply(matrix, x, bias, rows, narrow);
            for (int row = 0; row < rows; row++)
            {
                for (int output = 0; output < Outputs; output++)
                {
                    float expected = bytes ? 0 : bias[output];
                    float scale = weights.AsSpan(output * Inputs, Inputs).ToArray().Max(Math.Abs) / 127;
                    for (int k = 0; k < Inputs; k++)
                    {
                        float weight = weights[output * Inputs + k];
                        expected = MathF.FusedMultiplyAdd(bytes ? MathF.Round(weight / scale) : weight, x[row * Inputs + k], expected);
                    }

                    expected = bytes ? MathF.FusedMultiplyAdd(expected, scale, bias[output]) : expected;
                    Assert.Equal(expected, y[row * matrix.PaddedOutputs + output]);
                }
            }
        }
    }

    [Fact]
    public void A_matrix_with_a_weight_that_is_not_a_number_gives_none_in_bytes_either()
    {
        float[] weights = Numbers(Outputs * Inputs, 1);
        weights[5 * Inputs + 7] = float.NaN;
        using PackedMatrix matrix = Pack(weights, int8: true);

        float[] y = Multiply(matrix, Numbers(Inputs, 2), new float[128], 1, narrow: false);

        Assert.True(float.IsNaN(y[5]));
        Assert.True(float.IsFinite(y[4]));
    }

    private static PackedMatrix Pack(float[] weights, bool int8)
    {
        string file = Path.GetTempFileName();
        try
        {
            using (DisposeScope scope = torch.NewDisposeScope())
                SafetensorsWriter.Write(file, [("w", torch.tensor(weights).view(Outputs, Inputs))]);
            using var source = WeightFiles.Open(file);
            return PackedMatrix.Pack(Outputs, Inputs, () => new MatrixRows(source, ["w"], Inputs), default, int8);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static float[] Multiply(PackedMatrix matrix, float[] x, float[] bias, int rows, bool narrow)
    {
        float[] y = new float[rows * matrix.PaddedOutputs];
        fixed (float* xs = x, start = bias, ys = y)
        {
            for (int panel = 0; panel < matrix.Panels; panel++)
            {
                int at = panel * PackedMatrix.PanelWidth;
                PanelProduct.Run(matrix, panel, xs, Inputs, rows, start + at, 0, ys + at, matrix.PaddedOutputs, narrow);
            }
        }

        return y;
    }

    private static float[] Numbers(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(2 * random.NextDouble() - 1))];
    }
}
