using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Tests.Models;

/// <summary>Small models whose every weight, norms and biases included, is random and of a size that shows.</summary>
internal static class RandomModels
{
    public static DecoderWeights Create(int heads, int keyValueHeads, int headSize, bool tied, int layers = 3, long seed = 5)
    {
        var config = new ModelConfig
        {
            VocabularySize = 17,
            HiddenSize = 12,
            IntermediateSize = 20,
            Layers = layers,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            ContextLength = 512,
            NormEpsilon = 1e-5,
            RopeTheta = 100,
            TiedHead = tied,
            EndTokens = [1],
        };
        DecoderWeights weights = DecoderWeights.Initialise(config, seed);
        using var generator = new torch.Generator((ulong)seed + 1);
        using IDisposable guard = torch.no_grad();
        foreach ((_, torch.Tensor value) in weights.Named)
        {
            using torch.Tensor noise = torch.randn(value.shape, generator: generator).mul_(0.4);
            value.add_(noise);
        }

        return weights;
    }
}
