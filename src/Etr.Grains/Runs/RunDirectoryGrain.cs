using Etr.Grains.State;
using Orleans.Concurrency;

namespace Etr.Grains.Runs;

/// <inheritdoc cref="IRunDirectoryGrain"/>
[Reentrant]
internal sealed class RunDirectoryGrain : Grain, IRunDirectoryGrain
{
    private readonly IPersistentState<RunDirectoryRecord> _state;
    private readonly StateWriter _writer;

    public RunDirectoryGrain([PersistentState("directory", EtrStorage.Name)] IPersistentState<RunDirectoryRecord> state)
    {
        _state = state;
        _writer = new StateWriter(() => _state.WriteStateAsync(), DeactivateOnIdle);
    }

    public async Task RecordAsync(RunEntry entry)
    {
        if (_state.State.Runs.TryGetValue(entry.Run, out RunEntry? known) && known == entry)
            return;
        _state.State.Runs[entry.Run] = entry;
        await _writer.WriteAsync();
    }

    public Task<IReadOnlyList<RunEntry>> ListAsync() =>
        Task.FromResult<IReadOnlyList<RunEntry>>(_state.State.Runs.Values.OrderByDescending(entry => entry.StartedAt).ToArray());
}

/// <summary>What the directory remembers.</summary>
[GenerateSerializer, Alias("etr.run-directory")]
internal sealed class RunDirectoryRecord
{
    [Id(0)] public Dictionary<string, RunEntry> Runs { get; set; } = new(StringComparer.Ordinal);
}
