using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Tests.Adapters;

/// <summary>Adapters whose every number shows.</summary>
internal static class RandomAdapters
{
    public static readonly AdapterConfig All = new(3, 5, AdapterShapes.Projections);

    public static AdapterWeights Create(ModelConfig model, AdapterConfig config, long seed = 9)
    {
        AdapterWeights adapters = AdapterWeights.Initialise(model, config, seed);
        using var generator = new torch.Generator((ulong)seed);
        using IDisposable guard = torch.no_grad();
        foreach ((_, torch.Tensor value) in adapters.Named)
        {
            using torch.Tensor noise = torch.randn(value.shape, generator: generator).MultiplyInPlace(0.3);
            value.AddInPlace(noise);
        }

        return adapters;
    }
}
