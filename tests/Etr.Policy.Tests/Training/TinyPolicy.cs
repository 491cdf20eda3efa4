using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Training;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

/// <summary>A random decoder small enough to check by hand, in a folder of its own, and batches for it.</summary>
internal sealed class TinyPolicy : IDisposable
{
    public const double Temperature = 0.7;

    public static readonly ModelConfig Config = new()
    {
        VocabularySize = 13,
        HiddenSize = 16,
        IntermediateSize = 24,
        Layers = 2,
        Heads = 4,
        KeyValueHeads = 2,
        HeadSize = 4,
        ContextLength = 64,
        TiedHead = true,
        EndTokens = [1],
    };

    /// <summary>The same shape in another architecture.</summary>
    public static ModelConfig Of(ModelArchitecture architecture) => Config with
    {
        Architecture = architecture,
        HeadSize = 8,
        RopeScaling = architecture == ModelArchitecture.Llama ? new RopeScaling(4, 1, 4, 32) : null,
    };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-trainer-");

    public TinyPolicy(torch.ScalarType type = torch.ScalarType.Float32)
    {
        using DecoderWeights weights = RandomWeights();
        using DecoderWeights stored = weights.Clone(type);
        stored.Save(Path.Combine(Folder, ModelFiles.Weights));
        Config.Write(Path.Combine(Folder, ModelFiles.Config));
    }

    public string Folder => _folder.FullName;

    /// <summary>Weights far enough from zero for every term of the decoder to matter.</summary>
    public static DecoderWeights RandomWeights(ModelConfig? config = null)
    {
        DecoderWeights weights = DecoderWeights.Initialise(config ?? Config, 7);
        using torch.Generator generator = new(11);
        foreach ((_, torch.Tensor value) in weights.Named)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            value.AddInPlace(torch.randn(value.shape, generator: generator).MultiplyInPlace(0.2));
        }

        return weights;
    }

    public Task<GrpoTrainer> OpenAsync(TrainingOptions? options = null, EngineClock? clock = null) => GrpoTrainer.OpenAsync(
        Folder,
        options ?? new TrainingOptions { LearningRate = 1e-3 },
        Temperature,
        TorchRuntime.Start("cpu", 1),
        clock ?? new EngineClock(TimeProvider.System),
        TimeProvider.System,
        TestContext.Current.CancellationToken);

    public string Sub(string name) => Path.Combine(Folder, name);

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>Three groups of four traces of 3 to 14 tokens; the sampler's log-probabilities are a little off the policy's.</summary>
    public static TrainingBatch Batch(int step, Func<int, int, TrainingTrace, TrainingTrace>? change = null)
    {
        // How a product is cut up over threads shows in its last bits, and this thread is whichever the test runs on.
        TorchRuntime.UseThreads(1);
        PhiloxSequence random = new(5, 1, (ulong)step);
        List<TrainingGroup> groups = [];
        for (int group = 0; group < 3; group++)
        {
            int[] prompt = Ids(random, 4 + group);
            List<TrainingTrace> traces = [];
            for (int slot = 0; slot < 4; slot++)
            {
                int[] tokens = Ids(random, 3 + random.NextInt(12));
                float[] logProbs = LogProbs(prompt, tokens);
                for (int i = 0; i < logProbs.Length; i++)
                    logProbs[i] += (float)(0.6 * (random.NextDouble() - 0.5));
                TrainingTrace trace = new(tokens, logProbs, (2.0 * random.NextDouble()) - 1.0, Masked: false);
                traces.Add(change?.Invoke(group, slot, trace) ?? trace);
            }

            groups.Add(new TrainingGroup(10 + group, prompt, traces));
        }

        return new TrainingBatch(step, groups);
    }

    /// <summary>The prompt of a group (0 to 2) of <see cref="Batch"/>.</summary>
    public static int[] PromptOf(int step, int group) => [.. Batch(step).Groups[group].PromptTokens];

    /// <summary>Log-probabilities of a trace under the starting policy, one position at a time and without the trainer's code.</summary>
    public static float[] LogProbs(int[] prompt, int[] tokens)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using DecoderWeights weights = RandomWeights();
        using PlainDecoder decoder = new(weights);
        float[] result = new float[tokens.Length];
        for (int i = 0; i < tokens.Length; i++)
        {
            long[] seen = [.. prompt.Concat(tokens.Take(i)).Select(id => (long)id)];
            float[] logits = decoder.Forward(torch.tensor(seen).unsqueeze(0))[0, seen.Length - 1].data<float>().ToArray();
            double[] scaled = [.. logits.Select(logit => logit / Temperature)];
            double highest = scaled.Max();
            result[i] = (float)(scaled[tokens[i]] - highest - Math.Log(scaled.Sum(value => Math.Exp(value - highest))));
        }

        return result;
    }

    private static int[] Ids(PhiloxSequence random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => random.NextInt(Config.VocabularySize))];
}
