using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Training;
using Etr.Grains.Learners;
using Etr.Policy.Runtime;
using Etr.Policy.Training;

namespace Etr.Silo.Engines;

/// <summary>Makes the trainer of a run in this process.</summary>
internal sealed class TrainerProvider(TorchRuntime runtime, EngineClock clock, TimeProvider time) : IPolicyTrainerProvider
{
    /// <inheritdoc/>
    public async Task<IPolicyTrainer> OpenAsync(string run, RunConfiguration configuration, FileRef policyFile, CancellationToken cancellationToken)
    {
        string found = await StartingPolicy.Sha256Async(policyFile.Path, cancellationToken);
        if (found != policyFile.Sha256)
            throw new InvalidDataException($"{policyFile.Path} is not the policy the run '{run}' started from: it hashes to {found}, not {policyFile.Sha256}.");
        return await GrpoTrainer.OpenAsync(
            Path.GetDirectoryName(policyFile.Path)!, configuration.Training, configuration.Sampling.Temperature, runtime, clock, time, cancellationToken);
    }
}
