using Etr.Core.Rollouts;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>Loads a policy version's weights after checking that the file is the one that was published.</summary>
internal static class PolicyLoader
{
    /// <exception cref="CheckpointException">The file is missing, its SHA-256 is another, or its tensors are not the model's.</exception>
    public static CachedDecoder Load(PolicyRef policy, ModelConfig config, torch.Device device)
    {
        Check(policy);
        using WeightFiles weights = ModelFiles.OpenWeights(policy.File, config);
        return CachedDecoder.Load(weights, config, device);
    }

    /// <summary>Checks that a policy's file is the one that was published.</summary>
    /// <exception cref="CheckpointException">The file is missing, or its SHA-256 is another.</exception>
    public static void Check(PolicyRef policy)
    {
        string found = JoinedWeights.Sha256(policy.File);
        if (!string.Equals(found, policy.Sha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new CheckpointException(policy.File, null, $"SHA-256 {policy.Sha256}", found);
        }
    }
}
