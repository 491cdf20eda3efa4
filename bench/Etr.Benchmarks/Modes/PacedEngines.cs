using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Samplers;
using Etr.Policy.Rollouts;

namespace Etr.Benchmarks.Modes;

/// <summary>One device of a fixed latency, whose tokens the CPU engine draws on one thread.</summary>
internal sealed class PacedEngines(TimeSpan token, int slots) : IRolloutEngineProvider, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private PacedEngine? _engine;

    /// <summary>When the device is busy.</summary>
    public EngineClock Clock { get; } = new(TimeProvider.System);

    public IReadOnlyList<string> Devices => ["cpu"];

    public int CapacityOf(string device) => slots;

    public ValueTask<IRolloutEngine> OpenAsync(string device, string kind, string modelFolder, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var policy = new PolicyOptions { Path = modelFolder, Engine = "cpu", Threads = 1, Slots = slots };
            return new(_engine ??= new PacedEngine(RolloutEngines.Create(policy, new EngineClock(TimeProvider.System)), token, Clock));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
            await _engine.DisposeAsync();
    }
}
