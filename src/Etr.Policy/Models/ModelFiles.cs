using Etr.Core.Policies;
using Etr.Policy.Checkpoints;
using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>A model's folder: <c>config.json</c>, <c>model.safetensors</c> or shards with an index, <c>tokenizer.json</c>.</summary>
public static class ModelFiles
{
    /// <summary>Name of the configuration.</summary>
    public const string Config = PolicyManifest.ConfigFile;

    /// <summary>Name of the weights.</summary>
    public const string Weights = PolicyManifest.WeightsFile;

    /// <summary>Name of the tokenizer.</summary>
    public const string Tokenizer = PolicyManifest.TokenizerFile;

    /// <summary>Name of the index of weights that are in several files.</summary>
    public const string WeightsIndex = Weights + ".index.json";

    // Buffers that older conversions saved: what they hold is made from the configuration.
    private const string SavedFrequencies = ".rotary_emb.inv_freq";

    private static readonly torch.ScalarType[] Readable =
        [torch.ScalarType.Float32, torch.ScalarType.Float16, torch.ScalarType.BFloat16];

    /// <summary>Checks a model's files without loading a weight: every tensor there, right in shape and type, and no other.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <exception cref="CheckpointException">Something is missing or not as it should be.</exception>
    public static ModelDescription Describe(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ModelConfig config = ModelConfig.Read(Path.Combine(folder, Config));
        return DescribeWeights(WeightsOf(folder), config);
    }

    /// <summary>The weights of a folder: its safetensors file, or the index where there is none but shards.</summary>
    public static string WeightsOf(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string index = Path.Combine(folder, WeightsIndex);
        string whole = Path.Combine(folder, Weights);
        return File.Exists(index) && !File.Exists(whole) ? index : whole;
    }

    /// <summary>Checks a weights file, or an index and its shards, against a configuration without loading a weight.</summary>
    /// <exception cref="CheckpointException">Something is missing or not as it should be.</exception>
    public static ModelDescription DescribeWeights(string file, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        using WeightFiles source = OpenWeights(file, config);
        return new ModelDescription(config, file, source.Entries.Count, config.ParameterCount, source.Entries.Sum(entry => entry.Bytes))
        {
            Types = [.. source.Entries.Select(entry => ElementTypes.NameOf(entry.Type)).Distinct().Order(StringComparer.Ordinal)],
            Files = source.Files,
        };
    }

    /// <summary>Opens weights and checks every tensor against a configuration, before any is read.</summary>
    /// <exception cref="CheckpointException">Something is missing or not as it should be.</exception>
    internal static WeightFiles OpenWeights(string file, ModelConfig config)
    {
        WeightFiles source = WeightFiles.Open(file);
        try
        {
            CheckTensors(source, config);
            return source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    private static void CheckTensors(WeightFiles source, ModelConfig config)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, long[] shape) in WeightShapes.Of(config))
        {
            expected.Add(name);
            string wanted = $"a floating-point tensor of shape [{string.Join(", ", shape)}]";
            TensorEntry entry = source.Find(name) ?? throw new CheckpointException(source.Path, name, wanted, "none of that name");
            if (!entry.Shape.SequenceEqual(shape))
            {
                throw new CheckpointException(source.FileOf(name), name, wanted, $"shape {entry.ShapeText}");
            }

            if (!Readable.Contains(entry.Type))
            {
                throw new CheckpointException(source.FileOf(name), name, "dtype F32, F16 or BF16", ElementTypes.NameOf(entry.Type));
            }
        }

        // A tied model may still carry a copy of its head.
        if (source.Entries.FirstOrDefault(entry => !expected.Contains(entry.Name) && entry.Name != WeightShapes.Head && !entry.Name.EndsWith(SavedFrequencies, StringComparison.Ordinal)) is { } extra)
        {
            throw new CheckpointException(source.FileOf(extra.Name), extra.Name, "no such tensor in this configuration", $"one of shape {extra.ShapeText}");
        }
    }
}

/// <summary>What a model's files hold.</summary>
/// <param name="Config">The model's shape.</param>
/// <param name="File">The weights file, or the index of its shards.</param>
/// <param name="Tensors">Number of tensors.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Bytes">Bytes of the tensors.</param>
public sealed record ModelDescription(ModelConfig Config, string File, int Tensors, long Parameters, long Bytes)
{
    /// <summary>Element types that occur, by safetensors' names, in alphabetical order.</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>The safetensors files: one, or the shards.</summary>
    public required IReadOnlyList<string> Files { get; init; }
}
