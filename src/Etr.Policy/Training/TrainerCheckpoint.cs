using System.Globalization;
using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using TorchSharp;
using TorchSharp.Modules;

namespace Etr.Policy.Training;

/// <summary>
/// A trainer's whole state in one safetensors file: the weights it trains (of adapters, those alone), AdamW's moments, and in the metadata the step, the number of updates,
/// the entropy coefficient and the random state. Dropout is drawn from seed and step, so that state is a count of 0, written down and checked all the same.
/// </summary>
internal static class TrainerCheckpoint
{
    private const string Format = "etr-trainer-1";
    private const string Weight = "policy.";
    private const string First = "adamw.first.";
    private const string Second = "adamw.second.";

    /// <summary>Writes the state, named by its content.</summary>
    public static FileRef Save(string folder, IReadOnlyList<(string Name, Parameter Value)> weights, AdamW optimiser, int step, double entropyCoefficient)
    {
        List<(string Name, torch.Tensor Value)> tensors = [];
        for (int i = 0; i < weights.Count; i++)
        {
            (string name, torch.Tensor value) = weights[i];
            tensors.Add((Weight + name, value));
            tensors.Add((First + name, optimiser.FirstMoments[i]));
            tensors.Add((Second + name, optimiser.SecondMoments[i]));
        }

        Dictionary<string, string> metadata = new()
        {
            ["format"] = Format,
            ["step"] = step.ToString(CultureInfo.InvariantCulture),
            ["updates"] = optimiser.Updates.ToString(CultureInfo.InvariantCulture),
            ["entropy_coefficient"] = entropyCoefficient.ToString("R", CultureInfo.InvariantCulture),
            ["random_draws"] = "0",
        };
        return ContentFile.Write(folder, stream => SafetensorsWriter.Write(stream, tensors, metadata));
    }

    /// <summary>Reads a state back, bit for bit; nothing is changed unless all of it is there and fits.</summary>
    /// <returns>The step and the entropy coefficient; NaN in a checkpoint from before there was one.</returns>
    /// <exception cref="CheckpointException">The content is not the one named, or does not fit the model.</exception>
    public static (int Step, double EntropyCoefficient) Load(FileRef file, IReadOnlyList<(string Name, Parameter Value)> weights, AdamW optimiser)
    {
        ContentFile.Verify(file);
        using SafetensorsFile source = SafetensorsFile.Open(file.Path);
        Require(source, "format", Format);
        Require(source, "random_draws", "0");
        long step = Count(source, "step");
        long updates = Count(source, "updates");
        double entropyCoefficient = Coefficient(source, "entropy_coefficient");

        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        List<(torch.Tensor Target, torch.Tensor Value)> copies = [];
        for (int i = 0; i < weights.Count; i++)
        {
            (string name, torch.Tensor value) = weights[i];
            copies.Add((value, Read(source, Weight + name, value)));
            copies.Add((optimiser.FirstMoments[i], Read(source, First + name, value)));
            copies.Add((optimiser.SecondMoments[i], Read(source, Second + name, value)));
        }

        if (source.Entries.Count != copies.Count)
            throw new CheckpointException(file.Path, null, $"{copies.Count} tensors", $"{source.Entries.Count}");
        foreach ((torch.Tensor target, torch.Tensor value) in copies)
            target.copy_(value);
        optimiser.Updates = updates;
        return ((int)step, entropyCoefficient);
    }

    private static torch.Tensor Read(SafetensorsFile source, string name, torch.Tensor like)
    {
        torch.Tensor value = source.Read(name, like.shape);
        return value.dtype == like.dtype
            ? value
            : throw new CheckpointException(source.Path, name, $"type {like.dtype}", $"{value.dtype}");
    }

    private static void Require(SafetensorsFile source, string key, string expected)
    {
        string found = source.Metadata.GetValueOrDefault(key, "none");
        if (found != expected)
            throw new CheckpointException(source.Path, $"metadata '{key}'", $"'{expected}'", $"'{found}'");
    }

    private static double Coefficient(SafetensorsFile source, string key)
    {
        if (!source.Metadata.TryGetValue(key, out string? text))
            return double.NaN;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value is >= 0.0 and <= 1.0
            ? value
            : throw new CheckpointException(source.Path, $"metadata '{key}'", "a number from 0 to 1", $"'{text}'");
    }

    private static long Count(SafetensorsFile source, string key) =>
        int.TryParse(source.Metadata.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int count)
            ? count
            : throw new CheckpointException(
                source.Path, $"metadata '{key}'", "a whole number", $"'{source.Metadata.GetValueOrDefault(key, "none")}'");
}
