using Etr.Grains.Placement;
using Etr.Grains.Silos;
using Etr.Grains.State;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;

namespace Etr.Grains.Runs;

/// <inheritdoc cref="IRunDirectoryGrain"/>
[Reentrant]
[RolePlacement(SiloRoles.Learner, preferred: true)]
internal sealed partial class RunDirectoryGrain : Grain, IRunDirectoryGrain
{
    private readonly IPersistentState<RunDirectoryRecord> _state;
    private readonly StateWriter _writer;
    private readonly ISiloStatusOracle _silos;
    private readonly EtrGrainOptions _options;
    private readonly ILogger _logger;
    private IGrainTimer? _wake;
    private SiloWatch? _watch;

    public RunDirectoryGrain(
        [PersistentState("directory", EtrStorage.Name)] IPersistentState<RunDirectoryRecord> state,
        ISiloStatusOracle silos,
        IOptions<EtrGrainOptions> options,
        ILogger<RunDirectoryGrain> logger)
    {
        (_state, _silos, _options, _logger) = (state, silos, options.Value, logger);
        _writer = new StateWriter(() => _state.WriteStateAsync(), DeactivateOnIdle);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _watch?.End();
        return Task.CompletedTask;
    }

    public async Task RecordAsync(RunEntry entry)
    {
        if (_state.State.Runs.TryGetValue(entry.Run, out RunEntry? known) && known == entry)
            return;
        _state.State.Runs[entry.Run] = entry;
        await _writer.WriteAsync();
    }

    public Task WakeRunsAsync()
    {
        // Touched from here from now on; the timer keeps this activation alive while some run is running.
        _wake ??= this.RegisterGrainTimer(WakeAsync, new GrainTimerCreationOptions(TimeSpan.Zero, _options.Touch) { Interleave = true });

        // A run that lived on a lost silo comes up elsewhere at once, not at the next tick.
        _watch ??= new SiloWatch(_silos, () => _ = WakeAsync());
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<RunEntry>> ListAsync() =>
        Task.FromResult<IReadOnlyList<RunEntry>>(_state.State.Runs.Values.OrderByDescending(entry => entry.StartedAt).ToArray());

    private Task WakeAsync() => Task.WhenAll(_state.State.Runs.Values.Where(entry => entry.State == RunState.Running).Select(WakeRunAsync));

    private async Task WakeRunAsync(RunEntry entry)
    {
        try
        {
            await GrainFactory.GetGrain<IRunGrain>(entry.Run).WakeAsync();
        }
        catch (Exception exception)
        {
            // It is asked again at the next tick.
            LogAsleep(entry.Run, exception.Message);
        }
    }

    [LoggerMessage(EventId = 1001, Level = LogLevel.Warning, Message = "Run {Run} could not be woken and is asked again: {Reason}")]
    private partial void LogAsleep(string run, string reason);
}

/// <summary>What the directory remembers.</summary>
[GenerateSerializer, Alias("etr.run-directory")]
internal sealed class RunDirectoryRecord
{
    [Id(0)] public Dictionary<string, RunEntry> Runs { get; set; } = new(StringComparer.Ordinal);
}
