using System.Text.Json;
using Etr.Core.Entropies;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Models;

/// <summary>A published 260 K-parameter model against logits that another implementation computed for it.</summary>
public sealed class PublishedModelTests
{
    private const double Tolerance = 1e-4;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Its_log_probabilities_and_entropies_are_those_of_the_reference(bool tokenByToken)
    {
        string? folder = Folder();
        Assert.SkipWhen(folder is null, "shared/data/stories260K is not on this machine");
        ModelDescription model = ModelFiles.Describe(folder!);
        using DecoderWeights weights = DecoderWeights.Load(model.File, model.Config);
        using JsonDocument reference = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder!, "reference_logits.json")));
        int[] tokens = [.. reference.RootElement.GetProperty("tokens").EnumerateArray().Select(token => token.GetInt32())];

        float[][] logits = tokenByToken ? OneByOne(weights, tokens) : AtOnce(weights, tokens);

        int compared = 0;
        foreach (JsonElement position in reference.RootElement.GetProperty("positions").EnumerateArray())
        {
            float[] row = logits[position.GetProperty("pos").GetInt32()];
            if (position.GetProperty("next").ValueKind == JsonValueKind.Number)
            {
                Assert.Equal(position.GetProperty("logprob_next").GetDouble(), TokenEntropy.LogProbability(row, position.GetProperty("next").GetInt32()), Tolerance);
            }

            Assert.Equal(position.GetProperty("entropy_nats").GetDouble(), TokenEntropy.Full(row), Tolerance);
            Assert.Equal(position.GetProperty("argmax").GetInt32(), Array.IndexOf(row, row.Max()));
            compared++;
        }

        Assert.True(compared > 10);
    }

    private static float[][] AtOnce(DecoderWeights weights, int[] tokens)
    {
        using var decoder = new PlainDecoder(weights);
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor logits = decoder.Forward(torch.tensor(tokens, torch.int64).unsqueeze(0))[0].detach();
        return [.. Enumerable.Range(0, tokens.Length).Select(row => logits[row].data<float>().ToArray())];
    }

    private static float[][] OneByOne(DecoderWeights weights, int[] tokens)
    {
        using var decoder = new CachedDecoder(weights);
        using var blocks = new KeyValueBlocks(weights.Config, torch.CPU, new CacheBudget(0, 1));
        using var cache = new KeyValueCache(blocks);
        using DisposeScope scope = torch.NewDisposeScope();
        cache.Add([0], [0]);
        return [.. tokens.Select((token, position) =>
        {
            cache.Reserve([position]);
            return decoder.Step([token], [position], cache).data<float>().ToArray();
        })];
    }

    private static string? Folder()
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
}
