using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>The weights alone, under Hugging Face's names and in the element types of the model they started from: what samplers load.</summary>
internal sealed class PolicyFile : IPolicyWriter
{
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    private readonly torch.ScalarType[] _types;

    private PolicyFile(torch.ScalarType[] types) => _types = types;

    /// <summary>Learns the element types from the starting model's file.</summary>
    public static PolicyFile Like(string startingFile, DecoderWeights weights)
    {
        using WeightFiles source = WeightFiles.Open(startingFile);
        return new PolicyFile([.. weights.Named.Select(weight => source.Find(weight.Name)!.Type)]);
    }

    /// <summary>Writes the weights, named by their content.</summary>
    public FileRef Save(string folder, DecoderWeights weights)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        (string Name, torch.Tensor Value)[] tensors =
            [.. weights.Named.Select((weight, i) => (weight.Name, weight.Value.to(_types[i])))];
        return ContentFile.Write(folder, stream => SafetensorsWriter.Write(stream, tensors, Metadata));
    }
}
