using System.Text.Json;
using Etr.Core.Entropies;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Tests.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Rollouts.Cpu;

/// <summary>The CPU decoder's logits against those of the learner's forward pass over the same weights.</summary>
public sealed class CpuDecoderTests : IDisposable
{
    private const double Tolerance = 1e-4;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-cpu-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(4, 2, 4, true)]
    [InlineData(3, 1, 16, false)]
    [InlineData(6, 2, 32, true)]
    [InlineData(2, 2, 6, false)]
    [InlineData(14, 2, 64, false)]
    public void Logits_are_those_of_the_learners_forward_pass(int heads, int keyValueHeads, int headSize, bool tied)
    {
        using DecoderWeights weights = RandomModels.Create(heads, keyValueHeads, headSize, tied);
        string file = Path.Combine(_folder.FullName, "model.safetensors");
        weights.Save(file);
        var random = new Random(heads);
        int[] tokens = [.. Enumerable.Range(0, 75).Select(_ => random.Next(weights.Config.VocabularySize))];

        float[][] expected = Forward(weights, tokens);
        foreach (int threads in (int[])[1, 2, 3])
        {
            Compare(expected, CpuLogits.OneByOne(file, weights.Config, tokens, threads), Tolerance);
        }
    }

    [Theory]
    [InlineData(ModelArchitecture.Qwen2)]
    [InlineData(ModelArchitecture.Qwen3)]
    [InlineData(ModelArchitecture.Llama)]
    [InlineData(ModelArchitecture.Mistral)]
    public void Logits_of_each_architecture_equal_the_naive_forward(ModelArchitecture architecture)
    {
        using DecoderWeights weights = RandomModels.Create(architecture, heads: 6, keyValueHeads: 3, headSize: 20);
        string file = Path.Combine(_folder.FullName, "model.safetensors");
        weights.Save(file);
        int[] tokens = [.. Enumerable.Range(0, 40).Select(i => (i * 7 + 3) % weights.Config.VocabularySize)];
        double[][] expected = new NaiveDecoder(weights).Run(tokens)[^1];

        Compare([.. expected.Select(row => row.Select(value => (float)value).ToArray())], CpuLogits.OneByOne(file, weights.Config, tokens, 2), Tolerance);
    }

    [Fact]
    public void Logits_of_the_shipped_policy_are_those_of_the_learners_forward_pass()
    {
        string folder = ShippedModel();
        ModelDescription model = ModelFiles.Describe(folder);
        using DecoderWeights weights = DecoderWeights.Load(model.File, model.Config);
        var random = new Random(2);
        int[] tokens = [.. Enumerable.Range(0, 100).Select(_ => random.Next(model.Config.VocabularySize))];

        Compare(Forward(weights, tokens), CpuLogits.OneByOne(model.File, model.Config, tokens, 2), Tolerance);
    }

    [Fact]
    public void A_published_models_log_probabilities_and_entropies_are_those_of_the_reference()
    {
        string? folder = PublishedModel();
        Assert.SkipWhen(folder is null, "shared/data/stories260K is not on this machine");
        ModelDescription model = ModelFiles.Describe(folder!);
        using JsonDocument reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder!, "reference_logits.json")));
        int[] tokens = [.. reference.RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];

        float[][] logits = CpuLogits.OneByOne(model.File, model.Config, tokens, 1);

        foreach (JsonElement position in reference.RootElement.GetProperty("positions").EnumerateArray())
        {
            float[] row = logits[position.GetProperty("pos").GetInt32()];
            if (position.GetProperty("next").ValueKind == JsonValueKind.Number)
            {
                Assert.Equal(position.GetProperty("logprob_next").GetDouble(), TokenEntropy.LogProbability(row, position.GetProperty("next").GetInt32()), Tolerance);
            }

            Assert.Equal(position.GetProperty("entropy_nats").GetDouble(), TokenEntropy.Full(row), Tolerance);
        }

        using DecoderWeights weights = DecoderWeights.Load(model.File, model.Config);
        Compare(Forward(weights, tokens), logits, Tolerance);
    }

    [Theory]
    [InlineData(torch.ScalarType.BFloat16)]
    [InlineData(torch.ScalarType.Float16)]
    public void Half_precision_is_widened_as_libtorch_widens_it(torch.ScalarType type)
    {
        using DecoderWeights weights = RandomModels.Create(4, 2, 8, tied: true);
        string file = Path.Combine(_folder.FullName, "half.safetensors");
        var named = weights.Named.Select(weight => (weight.Name, weight.Value.detach().to(type))).ToList();
        SafetensorsWriter.Write(file, named);
        named.ForEach(weight => weight.Item2.Dispose());

        using SafetensorsFile source = SafetensorsFile.Open(file);
        foreach ((string name, _) in weights.Named)
        {
            using torch.Tensor stored = source.Read(name);
            using torch.Tensor wide = stored.to(torch.float32);
            Assert.Equal(wide.data<float>().ToArray(), source.ReadSingles(name));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_tokens_logits_have_the_same_bits_however_the_sequence_is_cut_into_passes(bool bytes)
    {
        using DecoderWeights weights = RandomModels.Create(6, 2, 16, tied: false);
        string file = Path.Combine(_folder.FullName, "model.safetensors");
        weights.Save(file);
        var random = new Random(8);
        int[] tokens = [.. Enumerable.Range(0, 90).Select(_ => random.Next(weights.Config.VocabularySize))];
        float[][] oneByOne = CpuLogits.OneByOne(file, weights.Config, tokens, 1, bytes);

        foreach (int threads in (int[])[1, 2, 3])
        {
            Assert.Equal(oneByOne[^1], CpuLogits.After(file, weights.Config, [tokens], threads, bytes));
            for (int cut = 1; cut < tokens.Length; cut += 11)
            {
                Assert.Equal(oneByOne[^1], CpuLogits.After(file, weights.Config, [tokens[..cut], tokens[cut..]], threads, bytes));
            }
        }
    }

    [Fact]
    public void Weights_in_bytes_stay_near_the_fp32_ones()
    {
        ModelDescription model = ModelFiles.Describe(ShippedModel());
        int[] tokens = [.. Enumerable.Range(0, 60).Select(i => 2 + i % 40)];

        float[][] exact = CpuLogits.OneByOne(model.File, model.Config, tokens, 1);
        float[][] rounded = CpuLogits.OneByOne(model.File, model.Config, tokens, 1, int8: true);

        double gap = exact.Zip(rounded).Average(pair => Enumerable.Range(0, pair.First.Length).Average(
            id => Math.Abs(TokenEntropy.LogProbability(pair.First, id) - TokenEntropy.LogProbability(pair.Second, id))));
        Assert.InRange(gap, 1e-5, 0.2);
    }

    internal static string ShippedModel()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "models", "arithmetic");
            if (File.Exists(Path.Combine(folder, ModelFiles.Weights)))
            {
                return folder;
            }
        }

        throw new DirectoryNotFoundException("models/arithmetic");
    }

    private static string? PublishedModel()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "shared", "data", "stories260K");
            if (Directory.Exists(folder))
            {
                return folder;
            }
        }

        return null;
    }

    private static float[][] Forward(DecoderWeights weights, int[] tokens)
    {
        using var decoder = new PlainDecoder(weights);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logits = decoder.Forward(torch.tensor(tokens, torch.int64).unsqueeze(0))[0].detach();
        return [.. Enumerable.Range(0, tokens.Length).Select(row => logits[row].data<float>().ToArray())];
    }

    private static void Compare(float[][] expected, float[][] found, double tolerance)
    {
        Assert.Equal(expected.Length, found.Length);
        double worst = expected.Zip(found).Max(rows => rows.First.Zip(rows.Second).Max(pair => Math.Abs((double)pair.First - pair.Second)));
        Assert.InRange(worst, 0, tolerance);
    }
}
