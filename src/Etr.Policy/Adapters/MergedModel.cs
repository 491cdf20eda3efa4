using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Adapters;

/// <summary>A model with adapters merged in, written as one safetensors file in the model's own element types, a tensor at a time.</summary>
public static class MergedModel
{
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>Writes W + α/r·B·A for each target and every other tensor as it is.</summary>
    /// <param name="weights">The model's weights: a safetensors file, or an index.</param>
    /// <param name="model">The model's shape.</param>
    /// <param name="adapterFile">The adapters, PEFT's names.</param>
    /// <param name="adapter">Their shape.</param>
    /// <param name="path">The file to write: aside, fsynced, renamed.</param>
    /// <exception cref="CheckpointException">A file is missing or not as it should be.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string weights, ModelConfig model, string adapterFile, AdapterConfig adapter, string path)
    {
        using WeightFiles source = ModelFiles.OpenWeights(weights, model);
        using AdapterWeights adapters = AdapterWeights.Load(adapterFile, model, adapter);
        Dictionary<string, (int Layer, string Target)> targets = Enumerable.Range(0, model.Layers)
            .SelectMany(layer => adapter.Targets.Select(target => (Layer: layer, Target: target)))
            .ToDictionary(place => AdapterShapes.WeightOf(place.Layer, place.Target));
        Core.Files.DurableFile.Write(path, stream =>
        {
            SafetensorsWriter.WriteHeader(stream, [.. source.Entries.Select(entry => new TensorShape(entry.Name, entry.Type, entry.Shape))], Metadata);
            foreach (TensorEntry entry in source.Entries)
            {
                if (targets.TryGetValue(entry.Name, out (int Layer, string Target) place))
                    WriteSum(stream, source, entry, adapters, place);
                else
                    source.Of(entry.Name).File.CopyTo(entry, stream);
            }
        });
    }

    private static void WriteSum(Stream stream, WeightFiles source, TensorEntry entry, AdapterWeights adapters, (int Layer, string Target) place)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        torch.Tensor sum = source.ReadSingle(entry.Name).AddInPlace(adapters.Delta(place.Layer, place.Target));
        SafetensorsWriter.WriteData(stream, sum.to(entry.Type));
    }
}
