using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Tests.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Checkpoints;

public sealed unsafe class LoadingTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 16)]
    [InlineData(7, 35)]
    [InlineData(64, 18)]
    [InlineData(66, 129)]
    public void Rows_become_columns_times_their_factors(int rows, int columns)
    {
        float[] from = [.. Enumerable.Range(1, rows * columns).Select(i => (float)i)];
        float[] factors = [.. Enumerable.Range(1, columns).Select(i => 1f / i)];
        float[] to = new float[columns * (rows + 3)];
        fixed (float* source = from, factor = factors, target = to)
            Transposition.Turn(source, rows, columns, factor, target + 1, rows + 3);

        for (int c = 0; c < columns; c++)
        {
            for (int r = 0; r < rows; r++)
                Assert.Equal(from[r * columns + c] * factors[c], to[c * (rows + 3) + r + 1]);
            // What lies beside is nobody's to write.
            Assert.Equal(0, to[c * (rows + 3)] + to[c * (rows + 3) + rows + 1] + to[c * (rows + 3) + rows + 2]);
        }
    }

    [Theory]
    [InlineData(ModelArchitecture.Qwen2, true)]
    [InlineData(ModelArchitecture.Qwen3, false)]
    [InlineData(ModelArchitecture.Llama, false)]
    public void A_model_read_row_by_row_is_the_one_made_of_whole_tensors(ModelArchitecture architecture, bool tied)
    {
        using DecoderWeights weights = RandomModels.Create(architecture, heads: 6, tied: tied);
        string file = Path.GetTempFileName();
        try
        {
            weights.Save(file);
            using WeightFiles source = ModelFiles.OpenWeights(file, weights.Config);
            FusedModel expected = FusedModel.Of(weights);
            FusedModel read = FusedModel.Load(source, weights.Config, torch.CPU);

            AssertSame(expected.Embedding, read.Embedding);
            AssertSame(expected.Head, read.Head);
            foreach ((FusedLayer a, FusedLayer b) in expected.Layers.Zip(read.Layers))
            {
                AssertSame(a.Joined, b.Joined);
                AssertSame(a.Output, b.Output);
                AssertSame(a.GateUp, b.GateUp);
                AssertSame(a.Down, b.Down);
                Assert.Equal(a.JoinedBias?.data<float>().ToArray(), b.JoinedBias?.data<float>().ToArray());
                Assert.Equal(a.HeadNorm?.data<float>().ToArray(), b.HeadNorm?.data<float>().ToArray());
            }

            expected.Release();
            read.Release();
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void What_fails_on_a_loading_thread_is_thrown_where_it_was_asked_for()
    {
        CheckpointException failure = Assert.Throws<CheckpointException>(() => LoadingThreads.Run(10_000, piece =>
        {
            if (piece == 3)
                throw new CheckpointException("file", "tensor", "this", "that");
        }));
        Assert.Equal("file", failure.File);
    }

    private static void AssertSame(torch.Tensor expected, torch.Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.Equal(expected.contiguous().data<float>().ToArray(), actual.data<float>().ToArray());
    }
}
