using Etr.Policy.Models;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Tests.Models;

/// <summary>Small models whose every weight, norms and biases included, is random and of a size that shows.</summary>
internal static class RandomModels
{
    /// <summary>A model of each architecture, Llama with scaled frequencies of which some stay, some go over and some are stretched.</summary>
    public static DecoderWeights Create(ModelArchitecture architecture, int heads = 4, int keyValueHeads = 2, int headSize = 16, bool tied = false) =>
        Create(Shape(heads, keyValueHeads, headSize, tied) with
        {
            Architecture = architecture,
            RopeScaling = architecture == ModelArchitecture.Llama ? new RopeScaling(8, 1, 4, 64) : null,
        });

    public static DecoderWeights Create(int heads, int keyValueHeads, int headSize, bool tied, int layers = 3, long seed = 5) =>
        Create(Shape(heads, keyValueHeads, headSize, tied) with { Layers = layers }, seed);

    private static ModelConfig Shape(int heads, int keyValueHeads, int headSize, bool tied) =>
        new()
        {
            VocabularySize = 17,
            HiddenSize = 12,
            IntermediateSize = 20,
            Layers = 3,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadSize = headSize,
            ContextLength = 512,
            NormEpsilon = 1e-5,
            RopeTheta = 100,
            TiedHead = tied,
            EndTokens = [1],
        };

    public static DecoderWeights Create(ModelConfig config, long seed = 5)
    {
        DecoderWeights weights = DecoderWeights.Initialise(config, seed);
        using var generator = new torch.Generator((ulong)seed + 1);
        using IDisposable guard = torch.no_grad();
        foreach ((_, torch.Tensor value) in weights.Named)
        {
            using torch.Tensor noise = torch.randn(value.shape, generator: generator).MultiplyInPlace(0.4);
            value.AddInPlace(noise);
        }

        return weights;
    }
}
