using Etr.Core.Policies;
using Etr.Core.Runs;
using Etr.Core.Training;

namespace Etr.Grains.Learners;

/// <summary>Makes the trainer of a run. Registered by the host on silos that may train.</summary>
public interface IPolicyTrainerProvider
{
    /// <summary>
    /// A trainer that stands at the run's starting policy, before any step. The caller owns it and disposes it; it is asked
    /// again after a failover, when the caller loads the last committed checkpoint.
    /// </summary>
    /// <param name="run">The run's name.</param>
    /// <param name="configuration">Its stored configuration.</param>
    /// <param name="policyFile">The starting policy's safetensors (version 0).</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IPolicyTrainer> OpenAsync(string run, RunConfiguration configuration, FileRef policyFile, CancellationToken cancellationToken);

    /// <summary>A policy file cut at its tensors, each with its hash, as its manifest lists it.</summary>
    Task<IReadOnlyList<ManifestPart>> PartsAsync(string policyFile, CancellationToken cancellationToken);
}
