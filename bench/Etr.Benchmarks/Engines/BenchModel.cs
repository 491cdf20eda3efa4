using System.Security.Cryptography;
using Etr.Core.Rollouts;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;

namespace Etr.Benchmarks.Engines;

/// <summary>A random model of a given shape, in a folder that goes when this is disposed.</summary>
internal sealed class BenchModel : IDisposable
{
    /// <summary>Tokens of a prompt.</summary>
    public const int PromptTokens = 16;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("etr-engines-");

    public BenchModel(string name)
    {
        Config = Shape(name);
        using DecoderWeights weights = DecoderWeights.Initialise(Config, 1);
        weights.Save(File);
        using FileStream stream = System.IO.File.OpenRead(File);
        Policy = new PolicyRef(0, File, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }

    public ModelConfig Config { get; }

    public PolicyRef Policy { get; }

    public string File => Path.Combine(_folder.FullName, ModelFiles.Weights);

    public IPolicyTokenizer Tokenizer { get; } = new Letters();

    public string PathOf(string name) => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);

    // Heads, key-value heads and widths of published models of about these sizes.
    private static ModelConfig Shape(string name)
    {
        (int vocabulary, int hidden, int intermediate, int layers, int heads, int keyValueHeads) = name switch
        {
            "1M" => (2048, 128, 384, 4, 4, 2),
            "9M" => (3072, 384, 1024, 5, 6, 2),
            "134M" => (49152, 576, 1536, 30, 9, 3),
            _ => throw new ArgumentException($"no model '{name}': 1M, 9M or 134M", nameof(name)),
        };
        return new ModelConfig
        {
            VocabularySize = vocabulary,
            HiddenSize = hidden,
            IntermediateSize = intermediate,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = hidden / heads,
            ContextLength = 512,
            TiedHead = true,
            EndTokens = [vocabulary - 1],
        };
    }

    // A prompt is any text: it becomes tokens in a row.
    private sealed class Letters : IPolicyTokenizer
    {
        public int VocabularySize => 49152;

        public IReadOnlyList<int> Encode(string text) => [.. Enumerable.Range(3, PromptTokens)];

        public string TextOf(int id) => "x";
    }
}
