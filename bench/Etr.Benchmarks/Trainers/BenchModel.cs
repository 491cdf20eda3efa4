using Etr.Policy.Models;

namespace Etr.Benchmarks.Trainers;

/// <summary>A random model of a given size in a temporary folder, and what a step with it costs in arithmetic.</summary>
internal sealed class BenchModel : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-bench-");

    private BenchModel(ModelConfig config)
    {
        Config = config;
        config.Write(Path.Combine(Folder, ModelFiles.Config));
        using DecoderWeights weights = DecoderWeights.Initialise(config, 1);
        weights.Save(Path.Combine(Folder, ModelFiles.Weights));
    }

    public ModelConfig Config { get; }

    public string Folder => _folder.FullName;

    /// <summary>A model by its size: <c>0.45m</c> (the shipped policy's shape), <c>1m</c> or <c>9m</c>.</summary>
    /// <exception cref="ArgumentException">The size is none of them.</exception>
    public static BenchModel Of(string size) => new(size switch
    {
        "0.45m" => Shape(vocabulary: 44, hidden: 128, intermediate: 256, layers: 3, heads: 4, keyValueHeads: 2, headSize: 32),
        "1m" => Shape(vocabulary: 512, hidden: 128, intermediate: 384, layers: 5, heads: 4, keyValueHeads: 2, headSize: 32),
        "9m" => Shape(vocabulary: 2048, hidden: 384, intermediate: 1024, layers: 5, heads: 6, keyValueHeads: 2, headSize: 64),
        _ => throw new ArgumentException($"size '{size}' is none of 0.45m, 1m, 9m", nameof(size)),
    });

    /// <summary>
    /// Multiplications and additions of forward and backward: 6 a weight and token, the head only where a token is predicted, and
    /// attention's two products over the causal half.
    /// </summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="length">Tokens that pass through it.</param>
    /// <param name="predicted">Tokens that are predicted.</param>
    public static double Arithmetic(ModelConfig config, int length, int predicted)
    {
        double head = (double)config.VocabularySize * config.HiddenSize;
        double layers = config.ParameterCount - (config.TiedHead ? head : 2 * head);
        double attention = 2.0 * config.Layers * config.Heads * config.HeadSize * length * length / 2.0;
        return 6.0 * ((layers * length) + (head * predicted) + attention);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static ModelConfig Shape(int vocabulary, int hidden, int intermediate, int layers, int heads, int keyValueHeads, int headSize) => new()
    {
        VocabularySize = vocabulary,
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        Layers = layers,
        Heads = heads,
        KeyValueHeads = keyValueHeads,
        HeadSize = headSize,
        ContextLength = 512,
        TiedHead = true,
        EndTokens = [1],
    };
}
