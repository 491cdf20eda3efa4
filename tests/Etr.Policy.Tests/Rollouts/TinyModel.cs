using System.Security.Cryptography;
using Etr.Core.Rollouts;
using Etr.Policy.Models;
using Etr.Policy.Pretraining;
using Etr.Policy.Runtime;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Tests.Rollouts;

/// <summary>A small random model over the arithmetic task's vocabulary, in a folder of its own that goes when this is disposed.</summary>
internal sealed class TinyModel : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-model-").FullName;

    public ModelConfig Config { get; } = PretrainRecipe.Model with
    {
        HiddenSize = 16,
        IntermediateSize = 24,
        Layers = 2,
        HeadSize = 8,
        ContextLength = 96,
    };

    public IPolicyTokenizer Tokenizer { get; } = ArithmeticTokenizer.Create();

    /// <summary>Writes random weights, sharpened by <paramref name="scale"/>, as a policy version.</summary>
    public PolicyRef Version(long version, double scale = 6, long seed = 3)
    {
        string file = Path.Combine(_folder, $"{version}.safetensors");
        using DecoderWeights weights = DecoderWeights.Initialise(Config, seed + version);
        using (TorchSharp.torch.no_grad())
        {
            foreach (TorchSharp.Modules.Parameter value in weights.Parameters.Where(value => value.shape.Length == 2))
            {
                value.MultiplyInPlace(scale);
            }
        }

        weights.Save(file);
        return new PolicyRef(version, file, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
