using Etr.Core.Rollouts;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;

namespace Etr.Policy.Adapters;

/// <summary>Adapters in PEFT's format and a model's folder, put together as an engine loads them.</summary>
public static class AdaptedModel
{
    /// <summary>Name of the adapters' shape in their folder.</summary>
    public const string ConfigFile = "adapter_config.json";

    /// <summary>Name of the adapters' tensors in their folder.</summary>
    public const string WeightsFile = "adapter_model.safetensors";

    /// <summary>Puts them together: the adapters with the hash of their model in the metadata, and a link to the model beside them.</summary>
    /// <param name="modelFolder">The model's folder; shards are joined into a copy.</param>
    /// <param name="adapterFolder">The adapters' folder.</param>
    /// <param name="into">An empty folder, for as long as the policy is used.</param>
    /// <returns>The policy; its hash is that of the adapters with their model's in it.</returns>
    /// <exception cref="CheckpointException">A file is missing or not as it should be, or the adapters are not of such a model.</exception>
    public static PolicyRef Make(string modelFolder, string adapterFolder, string into)
    {
        ArgumentException.ThrowIfNullOrEmpty(modelFolder);
        ArgumentException.ThrowIfNullOrEmpty(adapterFolder);
        ArgumentException.ThrowIfNullOrEmpty(into);
        ModelConfig model = ModelConfig.Read(Path.Combine(modelFolder, ModelFiles.Config));
        AdapterConfig config = AdapterConfig.Read(Path.Combine(adapterFolder, ConfigFile));
        using AdapterWeights adapters = AdapterWeights.Load(Path.Combine(adapterFolder, WeightsFile), model, config);
        string weights = ModelFiles.WeightsOf(modelFolder);
        Core.Training.FileRef whole = weights.EndsWith(WeightIndex.Extension, StringComparison.Ordinal)
            ? JoinedWeights.Write(into, weights)
            : new Core.Training.FileRef(Path.GetFullPath(weights), JoinedWeights.Sha256(weights));
        File.CreateSymbolicLink(Path.Combine(into, ModelFiles.Weights), whole.Path);
        Core.Training.FileRef written = AdapterFile.Write(into, adapters, whole.Sha256);
        return new PolicyRef(0, written.Path, written.Sha256);
    }
}
