using Etr.Core.Policies;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Training;
using Etr.Grains.Learners;
using Etr.Policy.Checkpoints;
using Etr.Policy.Runtime;
using Etr.Policy.Training;
using Etr.Silo.Hosting;

namespace Etr.Silo.Engines;

/// <summary>Makes the trainer of a run in this process. libtorch is loaded with the first.</summary>
internal sealed class TrainerProvider(SiloPlan plan, EngineClock clock, TimeProvider time) : IPolicyTrainerProvider
{
    /// <inheritdoc/>
    public async Task<IPolicyTrainer> OpenAsync(string run, RunConfiguration configuration, FileRef policyFile, CancellationToken cancellationToken)
    {
        string found = await StartingPolicy.Sha256Async(policyFile.Path, cancellationToken);
        if (found != policyFile.Sha256)
            throw new InvalidDataException($"{policyFile.Path} is not the policy the run '{run}' started from: it hashes to {found}, not {policyFile.Sha256}.");
        int threads = EngineThreads.OfTrainer(configuration, plan.Card.Roles, Environment.ProcessorCount);
        var runtime = await Task.Run(() => TorchRuntime.Start(configuration.Policy.Device, threads), cancellationToken);
        return await GrpoTrainer.OpenAsync(
            Path.GetDirectoryName(policyFile.Path)!, configuration.Training, configuration.Sampling.Temperature, runtime, clock, time, cancellationToken,
            new AdapterStart(configuration.Run.Seed, policyFile.Sha256, configuration.Policy.Weights == "bf16"));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ManifestPart>> PartsAsync(string policyFile, CancellationToken cancellationToken) => await Task.Run(() => SafetensorsParts.Of(policyFile, cancellationToken), cancellationToken);
}
