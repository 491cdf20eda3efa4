using Etr.Grains.Runs;

namespace Etr.Silo.Store;

/// <summary>
/// Looks after the disk that store and runs are on: pauses every run before it is full, says so, and lets them go on when there
/// is room again. A full disk itself would stop the store in the middle of a write.
/// </summary>
/// <param name="runs">The cluster's runs.</param>
/// <param name="free">Bytes that are free.</param>
/// <param name="time">When to look.</param>
/// <param name="logger">Where it says so too.</param>
internal sealed partial class DiskWatch(IRunControl runs, Func<long> free, TimeProvider time, ILogger<DiskWatch> logger) : BackgroundService
{
    /// <summary>Free bytes below which runs are paused: some steps' checkpoints and what the store still writes.</summary>
    public const long PauseBelow = 128L << 20;

    /// <summary>Free bytes from which they go on.</summary>
    public const long ResumeAbove = 256L << 20;

    /// <summary>How a pause of this kind begins its reason.</summary>
    public const string Reason = "no room on the disk";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Looks once.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        long bytes = free();
        foreach (RunEntry run in bytes < PauseBelow ? await runs.ListAsync(RunState.Running, cancellationToken) : [])
        {
            LogPaused(run.Run, bytes >> 20);
            await runs.PauseAsync(run.Run, $"{Reason}: {bytes >> 20} MiB are free; it goes on by itself when there are {ResumeAbove >> 20}", cancellationToken);
        }

        foreach (RunEntry run in bytes > ResumeAbove ? await runs.ListAsync(RunState.Paused, cancellationToken) : [])
        {
            if ((await runs.ReasonAsync(run.Run, cancellationToken)).StartsWith(Reason, StringComparison.Ordinal))
                await runs.ResumeAsync(run.Run, cancellationToken);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await WaitAsync(timer, stoppingToken))
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogUnanswered(exception.Message);
            }
        }
    }

    private static async ValueTask<bool> WaitAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    [LoggerMessage(EventId = 2001, Level = LogLevel.Warning, Message = "Run {Run} is paused: {Mebibytes} MiB are free on the disk.")]
    private partial void LogPaused(string run, long mebibytes);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Information, Message = "The disk could not be looked after and is again in a moment: {Reason}")]
    private partial void LogUnanswered(string reason);
}

/// <summary>What the watch over the disk needs of runs.</summary>
internal interface IRunControl
{
    /// <summary>Runs in a state.</summary>
    Task<IReadOnlyList<RunEntry>> ListAsync(RunState state, CancellationToken cancellationToken);

    /// <summary>Why a run is in its state.</summary>
    Task<string> ReasonAsync(string run, CancellationToken cancellationToken);

    /// <summary>Pauses a run.</summary>
    Task PauseAsync(string run, string reason, CancellationToken cancellationToken);

    /// <summary>Lets a run go on.</summary>
    Task ResumeAsync(string run, CancellationToken cancellationToken);
}

/// <summary>The cluster's runs, by their grains.</summary>
internal sealed class RunControl(IGrainFactory grains) : IRunControl
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<RunEntry>> ListAsync(RunState state, CancellationToken cancellationToken) =>
        [.. (await grains.GetGrain<IRunDirectoryGrain>(0).ListAsync().WaitAsync(cancellationToken)).Where(run => run.State == state)];

    /// <inheritdoc/>
    public async Task<string> ReasonAsync(string run, CancellationToken cancellationToken) =>
        (await grains.GetGrain<IRunGrain>(run).GetStatusAsync().WaitAsync(cancellationToken)).Reason;

    /// <inheritdoc/>
    public Task PauseAsync(string run, string reason, CancellationToken cancellationToken) =>
        grains.GetGrain<IRunGrain>(run).PauseAsync(reason).WaitAsync(cancellationToken);

    /// <inheritdoc/>
    public Task ResumeAsync(string run, CancellationToken cancellationToken) => grains.GetGrain<IRunGrain>(run).ResumeAsync().WaitAsync(cancellationToken);
}
