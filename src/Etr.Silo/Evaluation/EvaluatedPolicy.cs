using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Adapters;
using Etr.Policy.Rollouts;
using Etr.Silo.Engines;

namespace Etr.Silo.Evaluation;

/// <summary>A policy that is asked by itself, outside a run: a model's folder, perhaps with adapters, and the engines that draw with it.</summary>
internal sealed class EvaluatedPolicy : IAsyncDisposable
{
    private readonly string? _temporary;

    private EvaluatedPolicy(PolicyRef policy, IReadOnlyList<IRolloutEngine> engines, string? temporary) => (Policy, Engines, _temporary) = (policy, engines, temporary);

    /// <summary>What is drawn with.</summary>
    public PolicyRef Policy { get; }

    /// <summary>What draws, one a device.</summary>
    public IReadOnlyList<IRolloutEngine> Engines { get; }

    /// <summary>Opens one.</summary>
    /// <param name="options">The model's folder and how it is drawn with.</param>
    /// <param name="devices">Devices, with commas, as <c>Etr:Cluster:Devices</c> has them; empty takes the policy's own.</param>
    /// <param name="adapter">Folder of adapters in PEFT's format; null for none.</param>
    /// <param name="interrupt">Ends the work.</param>
    /// <exception cref="Policy.Checkpoints.CheckpointException">A file is not as it should be.</exception>
    public static async Task<EvaluatedPolicy> OpenAsync(PolicyOptions options, string devices, string? adapter, CancellationToken interrupt)
    {
        string? temporary = adapter is null ? null : Directory.CreateTempSubdirectory("etr-adapted-").FullName;
        var engines = new List<IRolloutEngine>();
        try
        {
            PolicyRef policy = temporary is null
                ? await StartingPolicy.OfAsync(options.Path, interrupt)
                : await Task.Run(() => AdaptedModel.Make(options.Path, Path.GetFullPath(adapter!), temporary), interrupt);
            foreach (string device in (devices.Length > 0 ? devices : options.Device).Split(','))
            {
                var spec = DeviceSpec.Parse(device);
                engines.Add(RolloutEngines.Create(options with { Device = spec.Device, Threads = spec.Threads > 0 ? spec.Threads : options.Threads }, new EngineClock(TimeProvider.System)));
            }

            return new EvaluatedPolicy(policy, engines, temporary);
        }
        catch
        {
            await new EvaluatedPolicy(new PolicyRef(0, "", ""), engines, temporary).DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (IRolloutEngine engine in Engines)
            await engine.DisposeAsync();
        if (_temporary is not null)
            Directory.Delete(_temporary, recursive: true);
    }
}
