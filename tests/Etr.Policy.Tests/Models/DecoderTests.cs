using Etr.Policy.Memory;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Models;

public sealed class DecoderTests
{
    private static readonly int[] Tokens = [3, 0, 16, 7, 7, 2, 11, 5, 1];

    [Theory]
    [InlineData(4, 2, 8, true)]
    [InlineData(6, 2, 4, false)]
    [InlineData(3, 1, 10, true)]
    [InlineData(2, 2, 6, false)]
    public void Every_layer_equals_the_naive_forward(int heads, int keyValueHeads, int headSize, bool tied)
    {
        using DecoderWeights weights = RandomModels.Create(heads, keyValueHeads, headSize, tied);
        EveryLayerEqualsTheNaiveForward(weights);
    }

    [Theory]
    [InlineData(ModelArchitecture.Qwen2)]
    [InlineData(ModelArchitecture.Qwen3)]
    [InlineData(ModelArchitecture.Llama)]
    [InlineData(ModelArchitecture.Mistral)]
    public void Every_layer_of_every_architecture_equals_the_naive_forward(ModelArchitecture architecture)
    {
        using DecoderWeights weights = RandomModels.Create(architecture);
        EveryLayerEqualsTheNaiveForward(weights);
    }

    private static void EveryLayerEqualsTheNaiveForward(DecoderWeights weights)
    {
        double[][][] expected = new NaiveDecoder(weights).Run(Tokens);
        using var decoder = new PlainDecoder(weights);
        using DisposeScope scope = torch.NewDisposeScope();
        var layers = new List<float[]>();

        torch.Tensor ids = torch.tensor(Tokens, torch.int64).unsqueeze(0);
        torch.Tensor hidden = decoder.HiddenStates(ids, (_, x) => layers.Add(x.detach().data<float>().ToArray()));
        float[] logits = decoder.Logits(hidden).data<float>().ToArray();

        Assert.Equal(weights.Config.Layers, layers.Count);
        for (int layer = 0; layer < layers.Count; layer++)
        {
            AssertClose(expected[layer], layers[layer]);
        }

        AssertClose(expected[^1], logits);
    }

    [Theory]
    [InlineData(4, 2, 8, true)]
    [InlineData(3, 1, 10, false)]
    [InlineData(2, 2, 6, true)]
    public void Reading_token_by_token_equals_the_naive_forward(int heads, int keyValueHeads, int headSize, bool tied)
    {
        using DecoderWeights weights = RandomModels.Create(heads, keyValueHeads, headSize, tied);
        ReadingTokenByTokenEqualsTheNaiveForward(weights);
    }

    [Theory]
    [InlineData(ModelArchitecture.Qwen2)]
    [InlineData(ModelArchitecture.Qwen3)]
    [InlineData(ModelArchitecture.Llama)]
    [InlineData(ModelArchitecture.Mistral)]
    public void Reading_each_architecture_token_by_token_or_at_once_equals_the_naive_forward(ModelArchitecture architecture)
    {
        using DecoderWeights weights = RandomModels.Create(architecture, heads: 6, tied: true);
        ReadingTokenByTokenEqualsTheNaiveForward(weights);

        using var decoder = new CachedDecoder(weights);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logits = decoder.Prefill(torch.tensor(Tokens, torch.int64).unsqueeze(0), [Tokens.Length]);
        AssertClose([new NaiveDecoder(weights).Run(Tokens)[^1][^1]], logits.data<float>().ToArray());
    }

    private static void ReadingTokenByTokenEqualsTheNaiveForward(DecoderWeights weights)
    {
        double[][] expected = new NaiveDecoder(weights).Run(Tokens)[^1];
        using var decoder = new CachedDecoder(weights);
        using var blocks = new KeyValueBlocks(weights.Config, torch.CPU, new CacheBudget(0, 1));
        using var cache = new KeyValueCache(blocks);
        cache.Add([0], [0]);
        for (int i = 0; i < Tokens.Length; i++)
        {
            cache.Reserve([i]);
            using torch.Tensor logits = decoder.Step([Tokens[i]], [i], cache);
            AssertClose([expected[i]], logits.data<float>().ToArray());
        }
    }

    [Fact]
    public void Rows_of_different_length_decode_together_as_they_would_alone()
    {
        using DecoderWeights weights = RandomModels.Create(4, 2, 8, tied: true);
        var naive = new NaiveDecoder(weights);
        int[][] sequences = [Tokens, [.. Tokens.Reverse()], [.. Tokens.Skip(3)]];
        int[] prefilled = [4, 2, 5];
        using var decoder = new CachedDecoder(weights);
        using var blocks = new KeyValueBlocks(weights.Config, torch.CPU, new CacheBudget(0, 3));
        using var cache = new KeyValueCache(blocks);
        using DisposeScope scope = torch.NewDisposeScope();

        torch.Tensor ids = torch.zeros([3, 5], torch.int64);
        for (int row = 0; row < 3; row++)
        {
            ids[row].narrow(0, 0, prefilled[row]).copy_(torch.tensor(sequences[row][..prefilled[row]], torch.int64));
        }

        (IReadOnlyList<IReadOnlyList<int>> written, _, _) = cache.Add(prefilled, [0, 1, 2]);
        torch.Tensor first = decoder.Prefill(ids, prefilled, (layer, keyValues) =>
        {
            for (int row = 0; row < 3; row++)
                blocks.Write(layer, written[row], keyValues[row].narrow(1, 0, prefilled[row]));
        });
        for (int row = 0; row < 3; row++)
            AssertClose([naive.Run(sequences[row][..prefilled[row]])[^1][^1]], first[row].data<float>().ToArray());

        // The third row ends after one more token; the others go on, the last row in its place.
        torch.Tensor second = decoder.Step([sequences[0][4], sequences[1][2], sequences[2][5]], [4, 2, 5], cache);
        AssertClose([naive.Run(sequences[2])[^1][5]], second[2].data<float>().ToArray());
        cache.Remove(0);
        torch.Tensor third = decoder.Step([1, sequences[1][3]], [6, 3], cache);
        AssertClose([naive.Run([.. sequences[2], 1])[^1][6]], third[0].data<float>().ToArray());
        AssertClose([naive.Run(sequences[1][..4])[^1][3]], third[1].data<float>().ToArray());
    }

    private static void AssertClose(double[][] expected, float[] actual)
    {
        double[] flat = [.. expected.SelectMany(row => row)];
        Assert.Equal(flat.Length, actual.Length);
        for (int i = 0; i < flat.Length; i++)
        {
            Assert.True(Math.Abs(flat[i] - actual[i]) <= 2e-5 * Math.Max(1, Math.Abs(flat[i])), $"at {i}: expected {flat[i]}, found {actual[i]}");
        }
    }
}
