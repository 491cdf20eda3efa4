using Etr.Core.Policies;
using Etr.Core.Prompts;
using Etr.Core.Runs;
using Etr.Core.Training;
using Etr.Grains.Files;
using Etr.Grains.Runs;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Silo.Cli;
using Etr.Silo.Files;
using Etr.Silo.Store;

namespace Etr.Silo.Training;

/// <summary>Makes a run's directory on this silo: its configuration and version 0 of its policy, as a folder that can be handed out.</summary>
/// <param name="data">Where runs are.</param>
/// <param name="samplers">Devices of this silo that draw: they and the learner share its memory.</param>
/// <param name="time">Names the run.</param>
internal sealed class RunStarter(DataDirectory data, IReadOnlyList<string> samplers, TimeProvider time) : IRunStarter
{
    /// <inheritdoc/>
    public async Task<RunStart> PrepareAsync(string configurationJson, CancellationToken cancellationToken)
    {
        try
        {
            RunPlan plan = RunPlan.Of(RunConfigurationJson.Read(configurationJson));
            RunMemory.Require(plan, samplers);
            StoredRun stored = await StoredRun.CreateAsync(data, plan.Configuration, time, cancellationToken);
            return await PrepareAsync(stored, plan, cancellationToken);
        }
        catch (Exception e) when (e is CommandFailure or CheckpointException or PromptFileException)
        {
            throw new InvalidDataException(e.Message, e);
        }
    }

    /// <summary>Publishes version 0 of a stored run and says what it is started with.</summary>
    public static async Task<RunStart> PrepareAsync(StoredRun stored, RunPlan plan, CancellationToken cancellationToken)
    {
        var place = new RunPlace(stored.Name, stored.Directory);
        string folder = plan.Configuration.Policy.Path;
        PolicyManifest? manifest = await PolicyFolder.ReadAsync(place.Policies, 0, cancellationToken);
        if (manifest is null)
        {
            if (plan.Model.Files.Count > 1 || plan.Model.File != Path.Combine(folder, ModelFiles.Weights))
            {
                manifest = await PublishJoinedAsync(place, plan.Model.File, folder, cancellationToken);
                return await StartAsync(stored, plan, place, manifest, cancellationToken);
            }

            PolicyManifest found = await Task.Run(() => PolicyManifests.Of(folder, 0, cancellationToken), cancellationToken);
            ManifestFile weights = WeightsOf(found);
            manifest = await PolicyFolder.PublishAsync(
                place.Policies, 0, new FileRef(Path.Combine(folder, weights.Name), weights.Sha256), weights.Parts, folder, cancellationToken);
        }

        return await StartAsync(stored, plan, place, manifest, cancellationToken);
    }

    // Samplers fetch one file: shards are joined once, in the run's directory.
    private static async Task<PolicyManifest> PublishJoinedAsync(RunPlace place, string index, string folder, CancellationToken cancellationToken)
    {
        FileRef joined = await Task.Run(() => JoinedWeights.Write(place.Policies, index), cancellationToken);
        IReadOnlyList<ManifestPart> parts = await Task.Run(() => SafetensorsParts.Of(joined.Path, cancellationToken), cancellationToken);
        return await PolicyFolder.PublishAsync(place.Policies, 0, joined, parts, folder, cancellationToken);
    }

    private static async Task<RunStart> StartAsync(StoredRun stored, RunPlan plan, RunPlace place, PolicyManifest manifest, CancellationToken cancellationToken)
    {
        RunConfiguration configuration = plan.Configuration;
        if (configuration.Task.Name == "jsonl")
        {
            configuration = await WithOwnPromptsAsync(plan, place, cancellationToken);
            await stored.KeepAsync(configuration, cancellationToken);
        }

        if (configuration.Reward.ReferenceFigures.Length > 0)
            configuration = configuration with { Reward = configuration.Reward with { ReferenceFigures = await DataFiles.TakeAsync(configuration.Reward.ReferenceFigures, place.Data, cancellationToken) } };
        return new RunStart
        {
            Run = stored.Name,
            ConfigurationJson = RunConfigurationJson.Write(configuration),
            Directory = stored.Directory,
            PolicyFile = Path.Combine(place.PolicyFolder(0), PolicyManifest.WeightsFile),
            PolicySha256 = WeightsOf(manifest).Sha256,
        };
    }

    // The prompts as they are asked: whatever becomes of the person's files, every silo reads these.
    private static async Task<RunConfiguration> WithOwnPromptsAsync(RunPlan plan, RunPlace place, CancellationToken cancellationToken)
    {
        string heldOut = plan.HeldOut is null ? "" : await DataFiles.TakeAsync(plan.HeldOut, place.Data, cancellationToken);
        return plan.Configuration with
        {
            Task = plan.Configuration.Task with { Data = await DataFiles.TakeAsync(plan.Prompts, place.Data, cancellationToken), HeldOutData = heldOut },
            Dataset = new DatasetOptions { Layout = DatasetOptions.Prepared },
        };
    }

    private static ManifestFile WeightsOf(PolicyManifest manifest) => manifest.Files.Single(file => file.Name == PolicyManifest.WeightsFile);
}
