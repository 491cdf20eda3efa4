using Etr.Core.Policies;
using Etr.Policy.Checkpoints;
using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>A model's folder: <c>config.json</c>, <c>model.safetensors</c>, <c>tokenizer.json</c>.</summary>
public static class ModelFiles
{
    /// <summary>Name of the configuration.</summary>
    public const string Config = PolicyManifest.ConfigFile;

    /// <summary>Name of the weights.</summary>
    public const string Weights = PolicyManifest.WeightsFile;

    /// <summary>Name of the tokenizer.</summary>
    public const string Tokenizer = PolicyManifest.TokenizerFile;

    private static readonly torch.ScalarType[] Readable =
        [torch.ScalarType.Float32, torch.ScalarType.Float16, torch.ScalarType.BFloat16];

    /// <summary>Checks a model's files without loading a weight: every tensor there, right in shape and type, and no other.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <exception cref="CheckpointException">Something is missing or not as it should be.</exception>
    public static ModelDescription Describe(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ModelConfig config = ModelConfig.Read(Path.Combine(folder, Config));
        return DescribeWeights(Path.Combine(folder, Weights), config);
    }

    /// <summary>Checks one weights file against a configuration without loading a weight.</summary>
    /// <exception cref="CheckpointException">Something is missing or not as it should be.</exception>
    public static ModelDescription DescribeWeights(string file, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        using SafetensorsFile source = SafetensorsFile.Open(file);
        CheckTensors(source, config);
        return new ModelDescription(config, file, source.Entries.Count, config.ParameterCount, source.Entries.Sum(entry => entry.Bytes));
    }

    internal static void CheckTensors(SafetensorsFile source, ModelConfig config)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, long[] shape) in WeightShapes.Of(config))
        {
            expected.Add(name);
            string wanted = $"a floating-point tensor of shape [{string.Join(", ", shape)}]";
            TensorEntry entry = source.Find(name) ?? throw new CheckpointException(source.Path, name, wanted, "none of that name");
            if (!entry.Shape.SequenceEqual(shape))
            {
                throw new CheckpointException(source.Path, name, wanted, $"shape {entry.ShapeText}");
            }

            if (!Readable.Contains(entry.Type))
            {
                throw new CheckpointException(source.Path, name, "dtype F32, F16 or BF16", ElementTypes.NameOf(entry.Type));
            }
        }

        // A tied model may still carry a copy of its head.
        if (source.Entries.FirstOrDefault(entry => !expected.Contains(entry.Name) && entry.Name != WeightShapes.Head) is { } extra)
        {
            throw new CheckpointException(source.Path, extra.Name, "no such tensor in this configuration", $"one of shape {extra.ShapeText}");
        }
    }
}

/// <summary>What a model's files hold.</summary>
/// <param name="Config">The model's shape.</param>
/// <param name="File">The weights file.</param>
/// <param name="Tensors">Number of tensors.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="Bytes">Bytes of the tensors.</param>
public sealed record ModelDescription(ModelConfig Config, string File, int Tensors, long Parameters, long Bytes);
