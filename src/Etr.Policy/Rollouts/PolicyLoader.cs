using Etr.Core.Rollouts;
using Etr.Policy.Adapters;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>
/// Loads policy versions for the torch engine, after checking that each file is the one that was published. The model that adapters
/// belong to is loaded once and shared by all versions. Used by the engine's thread alone.
/// </summary>
internal sealed class PolicyLoader(ModelConfig config, torch.Device device, torch.ScalarType type) : IDisposable
{
    private (string Sha256, FusedModel Model)? _base;

    /// <summary>A decoder of a version.</summary>
    /// <exception cref="CheckpointException">A file is missing, its SHA-256 is another, or its tensors are not the model's.</exception>
    public CachedDecoder Load(PolicyRef policy)
    {
        Check(policy);
        if (AdapterFile.Read(policy.File) is not { } file)
            return new CachedDecoder(Read(policy.File));
        using AdapterWeights adapters = AdapterWeights.Load(file.Path, config, file.Config, device);
        return new CachedDecoder(Base(file).Share(), adapters);
    }

    /// <summary>Checks that a policy's file is the one that was published.</summary>
    /// <exception cref="CheckpointException">The file is missing, or its SHA-256 is another.</exception>
    public static void Check(PolicyRef policy)
    {
        string found = JoinedWeights.Sha256(policy.File);
        if (!string.Equals(found, policy.Sha256, StringComparison.OrdinalIgnoreCase))
            throw new CheckpointException(policy.File, null, $"SHA-256 {policy.Sha256}", found);
    }

    public void Dispose()
    {
        _base?.Model.Release();
        _base = null;
    }

    private FusedModel Base(AdapterFile file)
    {
        if (_base is { } known && known.Sha256 == file.BaseSha256)
            return known.Model;
        Dispose();
        file.CheckBase();
        FusedModel model = Read(file.BasePath);
        _base = (file.BaseSha256, model);
        return model;
    }

    private FusedModel Read(string path)
    {
        using WeightFiles weights = ModelFiles.OpenWeights(path, config);
        return FusedModel.Load(weights, config, device, type);
    }
}
