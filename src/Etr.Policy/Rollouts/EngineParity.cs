using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Policy.Rollouts.Cpu;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>How far the torch engine on a device is from the CPU engine, which computes in plain C#.</summary>
/// <param name="FullGap">Largest difference of a log-probability (nats) in fp32.</param>
/// <param name="HalfGap">The same in bf16.</param>
public sealed record EngineParity(double FullGap, double HalfGap)
{
    // Read at once, and then token by token.
    private const int PromptTokens = 40;
    private const int Tokens = 72;

    private static readonly ModelConfig Model = new()
    {
        VocabularySize = 97,
        HiddenSize = 32,
        IntermediateSize = 80,
        Layers = 3,
        Heads = 4,
        KeyValueHeads = 2,
        HeadSize = 16,
        ContextLength = 128,
        TiedHead = false,
        EndTokens = [0],
    };

    /// <summary>Reads a sequence with a small random model on both.</summary>
    /// <param name="runtime">The device, open.</param>
    public static EngineParity Measure(TorchRuntime runtime)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        string folder = Directory.CreateTempSubdirectory("etr-parity-").FullName;
        try
        {
            string file = Path.Combine(folder, ModelFiles.Weights);
            using (DecoderWeights weights = Sharp())
                weights.Save(file);
            var random = new Random(1);
            int[] ids = [.. Enumerable.Range(0, Tokens).Select(_ => random.Next(Model.VocabularySize))];
            float[][] expected = OnCpu(file, ids);
            return new EngineParity(
                Largest(expected, OnDevice(file, ids, runtime.Device, torch.ScalarType.Float32)), Largest(expected, OnDevice(file, ids, runtime.Device, torch.ScalarType.BFloat16)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Fresh weights give every token nearly the same probability: these do not.
    private static DecoderWeights Sharp()
    {
        var weights = DecoderWeights.Initialise(Model, 3);
        using IDisposable guard = torch.no_grad();
        foreach (torch.Tensor value in weights.Parameters.Where(value => value.shape.Length == 2))
            value.MultiplyInPlace(6);
        return weights;
    }

    // Logits after the prompt, and after each token that follows.
    private static unsafe float[][] OnCpu(string file, int[] ids)
    {
        using var weights = CpuWeights.Load(file, Model, int8: false);
        using var team = new WorkerTeam(1, lowPriority: false);
        using var pages = new KeyValuePages(Model);
        using var decoder = new CpuDecoder(weights, pages, team);
        var sequence = new CachedSequence(pages);
        var logits = new List<float[]>();
        for (int start = 0; start < ids.Length;)
        {
            int count = start == 0 ? PromptTokens : 1;
            var batch = new TokenBatch();
            sequence.Reserve(start + count);
            batch.Add(sequence, ids.AsSpan(start, count), start, 0);
            decoder.Read(batch);
            logits.Add(new Span<float>(decoder.Logits(0), Model.VocabularySize).ToArray());
            start += count;
        }

        return [.. logits];
    }

    private static float[][] OnDevice(string file, int[] ids, torch.Device device, torch.ScalarType type)
    {
        using Checkpoints.WeightFiles source = ModelFiles.OpenWeights(file, Model);
        using var decoder = new CachedDecoder(FusedModel.Load(source, Model, device, type));
        using var blocks = new KeyValueBlocks(Model, device, new CacheBudget(0, 1), type);
        using var cache = new KeyValueCache(blocks);
        using DisposeScope scope = torch.NewDisposeScope();
        (IReadOnlyList<IReadOnlyList<int>> written, _, _) = cache.Add([PromptTokens], [0]);
        torch.Tensor prompt = torch.tensor([.. ids.Take(PromptTokens).Select(id => (long)id)], torch.int64, device).unsqueeze(0);
        List<torch.Tensor> logits = [decoder.Prefill(prompt, [PromptTokens], (layer, keyValues) => blocks.Write(layer, written[0], keyValues[0]))];
        for (int position = PromptTokens; position < ids.Length; position++)
        {
            cache.Reserve([position]);
            logits.Add(decoder.Step([ids[position]], [position], cache));
        }

        return [.. logits.Select(row => row.cpu().data<float>().ToArray())];
    }

    private static double Largest(float[][] a, float[][] b) =>
        a.Zip(b).SelectMany(rows => LogProbs(rows.First).Zip(LogProbs(rows.Second), (x, y) => Math.Abs(x - y))).Max();

    private static IEnumerable<double> LogProbs(float[] logits)
    {
        double highest = logits.Max();
        double sum = Math.Log(logits.Sum(logit => Math.Exp(logit - highest)));
        return logits.Select(logit => logit - highest - sum);
    }
}
