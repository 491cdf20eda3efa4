using Etr.Policy.Checkpoints;
using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>
/// A model's weights as a sampler uses them. Decoders of several policy versions may share one, each with adapters of its own: it is
/// freed when the last of its users has let it go.
/// </summary>
internal sealed class FusedModel
{
    private int _users = 1;

    private FusedModel(ModelConfig config, torch.Device device, torch.ScalarType type, Func<string, torch.Tensor> of)
    {
        (Config, Device, Type) = (config, device, type);
        using IDisposable guard = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor embedding = of(WeightShapes.Embedding);
        // A tied head is made of a view, so that the embedding stays. Heads are fp32 throughout: rounded logits would part sampler and learner.
        Head = FusedLayer.Transposed(of(WeightShapes.Norm), () => config.TiedHead ? embedding.alias() : of(WeightShapes.Head)).DetachFromDisposeScope();
        Embedding = embedding.to(WeightShapes.IsHalved(config, WeightShapes.Embedding) ? type : torch.ScalarType.Float32).DetachFromDisposeScope();
        Layers = [.. Enumerable.Range(0, config.Layers).Select(layer => LayerOf(layer, of))];
    }

    private FusedModel(ModelConfig config, torch.Device device, FusedReader reader)
    {
        (Config, Device, Type) = (config, device, torch.ScalarType.Float32);
        using DisposeScope scope = torch.NewDisposeScope();
        Embedding = reader.Single(WeightShapes.Embedding).DetachFromDisposeScope();
        Head = reader.Turned([config.TiedHead ? WeightShapes.Embedding : WeightShapes.Head], WeightShapes.Norm).DetachFromDisposeScope();
        Layers = [.. Enumerable.Range(0, config.Layers).Select(layer => FusedLayer.Read(config, layer, reader))];
        reader.Fill();
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Where its tensors are.</summary>
    public torch.Device Device { get; }

    /// <summary>Element type of the weights that <see cref="WeightShapes.IsHalved"/> names: fp32 or bf16.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>[vocabulary, hidden].</summary>
    public torch.Tensor Embedding { get; }

    /// <summary>With the last norm's weights: [hidden, vocabulary].</summary>
    public torch.Tensor Head { get; }

    /// <summary>The layers, from the first on.</summary>
    public IReadOnlyList<FusedLayer> Layers { get; }

    /// <summary>A model with copies of <paramref name="weights"/>; its first user is the caller.</summary>
    public static FusedModel Of(DecoderWeights weights, torch.ScalarType type = torch.ScalarType.Float32) =>
        new(weights.Config, weights[WeightShapes.Norm].device, type, name => weights[name].detach().clone());

    /// <summary>
    /// Reads a model from files. On the CPU in fp32 every row goes from the file to its place, several at a time; else a tensor after the
    /// other, no more than a layer held twice. Its first user is the caller.
    /// </summary>
    /// <param name="source">The files; checked against <paramref name="config"/>.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="device">Where it is to run.</param>
    /// <param name="type">Element type of its matrices, fp32 or bf16.</param>
    public static FusedModel Load(WeightFiles source, ModelConfig config, torch.Device device, torch.ScalarType type = torch.ScalarType.Float32) =>
        device.type == DeviceType.CPU && type == torch.ScalarType.Float32
            ? new(config, device, new FusedReader(source))
            : new(config, device, type, name => source.ReadSingle(name, device));

    /// <summary>One user more.</summary>
    public FusedModel Share()
    {
        _users++;
        return this;
    }

    /// <summary>One user less; the last one frees it.</summary>
    public void Release()
    {
        if (--_users > 0)
        {
            return;
        }

        Embedding.Dispose();
        Head.Dispose();
        foreach (FusedLayer layer in Layers)
        {
            layer.Dispose();
        }
    }

    private FusedLayer LayerOf(int layer, Func<string, torch.Tensor> of)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return FusedLayer.From(Config, layer, of, Type);
    }
}
