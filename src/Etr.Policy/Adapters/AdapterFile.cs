using System.Globalization;
using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Training;
using TorchSharp;

namespace Etr.Policy.Adapters;

/// <summary>
/// Adapters as a policy version: PEFT's tensors, with their shape and the hash of the model they belong to in the metadata, so that the
/// file's own hash stands for the whole policy. The model lies beside it, as <c>model.safetensors</c>.
/// </summary>
/// <param name="Path">The file.</param>
/// <param name="Config">Their shape.</param>
/// <param name="BaseSha256">SHA-256 of the model's weights.</param>
internal sealed record AdapterFile(string Path, AdapterConfig Config, string BaseSha256)
{
    private const string Base = "base_sha256";
    private const string Rank = "r";
    private const string Alpha = "lora_alpha";
    private const string Targets = "target_modules";

    /// <summary>The weights of the model they belong to.</summary>
    public string BasePath => System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, ModelFiles.Weights);

    /// <summary>Writes adapters, named by their content.</summary>
    public static FileRef Write(string folder, AdapterWeights adapters, string baseSha256) => ContentFile.Write(folder, stream => SafetensorsWriter.Write(
        stream,
        [.. adapters.Named.Select(weight => (weight.Name, (torch.Tensor)weight.Value))],
        new Dictionary<string, string>
        {
            ["format"] = "pt",
            [Base] = baseSha256,
            [Rank] = adapters.Config.Rank.ToString(CultureInfo.InvariantCulture),
            [Alpha] = adapters.Config.Alpha.ToString("R", CultureInfo.InvariantCulture),
            [Targets] = string.Join(',', adapters.Config.Targets),
        }));

    /// <summary>What a policy version's file says of adapters; null where it holds whole weights.</summary>
    /// <exception cref="CheckpointException">It is no safetensors file, or its metadata is not as it should be.</exception>
    public static AdapterFile? Read(string path)
    {
        if (path.EndsWith(WeightIndex.Extension, StringComparison.Ordinal))
            return null;
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (!file.Metadata.TryGetValue(Base, out string? baseSha256))
            return null;
        string[] targets = file.Metadata.GetValueOrDefault(Targets, "").Split(',');
        bool known = targets.All(AdapterShapes.Projections.Contains) && targets.Distinct().Count() == targets.Length;
        return known
            && int.TryParse(file.Metadata.GetValueOrDefault(Rank), NumberStyles.None, CultureInfo.InvariantCulture, out int rank) && rank is >= 1 and <= 1024
            && double.TryParse(file.Metadata.GetValueOrDefault(Alpha), NumberStyles.Float, CultureInfo.InvariantCulture, out double alpha) && double.IsFinite(alpha)
            ? new AdapterFile(path, new AdapterConfig(rank, alpha, targets), baseSha256)
            : throw new CheckpointException(path, "__metadata__", $"{Rank}, {Alpha} and {Targets} of adapters", "others");
    }

    /// <summary>Checks that the model beside them is theirs.</summary>
    /// <exception cref="CheckpointException">It is missing or another.</exception>
    public void CheckBase()
    {
        string found = JoinedWeights.Sha256(BasePath);
        if (found != BaseSha256)
            throw new CheckpointException(BasePath, null, $"the model of SHA-256 {BaseSha256} that {Path} belongs to", found);
    }
}
