using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Samplers;
using Etr.Policy.Rollouts;

namespace Etr.Silo.Engines;

/// <summary>This process's rollout engine: one, on the configured device, shared by the sampler and the evaluation.</summary>
internal sealed class EngineProvider(PolicyOptions policy, EngineClock clock) : IRolloutEngineProvider, IAsyncDisposable
{
    private readonly Lazy<IRolloutEngine> _engine = new(() => RolloutEngines.Create(policy, clock));

    /// <inheritdoc/>
    public IReadOnlyList<string> Devices { get; } = [policy.Device];

    /// <inheritdoc/>
    public ValueTask<IRolloutEngine> OpenAsync(string device, CancellationToken cancellationToken) =>
        device == policy.Device
            ? ValueTask.FromResult(_engine.Value)
            : throw new ArgumentException($"This process has the device {policy.Device}, not {device}.", nameof(device));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_engine.IsValueCreated)
            await _engine.Value.DisposeAsync();
    }
}
