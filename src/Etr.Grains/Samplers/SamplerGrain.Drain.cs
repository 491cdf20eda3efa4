using Microsoft.Extensions.Logging;

namespace Etr.Grains.Samplers;

/// <summary>
/// How a sampler goes in good order. It hands back at a token boundary: the engine tells what it drew since the last step, and
/// the group hears it with an ending that means "draw on elsewhere".
/// </summary>
internal sealed partial class SamplerGrain
{
    // A drain is over within 19 s: the pool is told, the grace passes, what is left is handed back, the pool is told.
    private static readonly TimeSpan MostGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HandBackDeadline = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PoolDeadline = TimeSpan.FromSeconds(2);

    private Task? _drain;
    private TaskCompletionSource? _idle;

    public Task DrainAsync(TimeSpan grace)
    {
        if (_drain is null)
        {
            // Noted before the first turn ends: no lease is taken any more, and every heartbeat says so.
            var drained = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _drain = drained.Task;
            _ = DrainOnceAsync(grace < MostGrace ? grace : MostGrace, drained);
        }

        return _drain;
    }

    public async Task LeaveAsync()
    {
        await DrainAsync(TimeSpan.Zero);
        DeactivateOnIdle();
    }

    private async Task DrainOnceAsync(TimeSpan grace, TaskCompletionSource drained)
    {
        try
        {
            LogDraining(Key, _draws.Count, grace.TotalSeconds);
            await ReachPoolAsync(HeartbeatAsync);
            if (grace > TimeSpan.Zero)
                await IdleAsync(grace);
            foreach (SlotDraw draw in _draws)
                draw.HandBack();
            await IdleAsync(HandBackDeadline);

            // Whoever has not come to a token boundary by now hangs; its tokens since the last step are lost, its lease is not.
            _stopped = true;
            StopAll();
            await ReachPoolAsync(() => GrainFactory.GetGrain<ISamplerPoolGrain>(0).LeaveAsync(Key, _epoch));
        }
        finally
        {
            _stopped = true;
            drained.TrySetResult();
        }
    }

    private async Task ReachPoolAsync(Func<Task> call)
    {
        try
        {
            await call().WaitAsync(PoolDeadline, _time);
        }
        catch (Exception exception)
        {
            // It hears it from a heartbeat, or from there being none.
            LogPoolUnreached(Key, exception);
        }
    }

    /// <summary>Returns when nothing is drawn and everything is told, or when the time is over.</summary>
    private async Task IdleAsync(TimeSpan limit)
    {
        if (_draws.Count == 0)
            return;
        _idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _idle.Task.WaitAsync(limit, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    [LoggerMessage(EventId = 1301, Level = LogLevel.Information, Message = "{Sampler} drains: {Draws} draws are under way and have {Seconds} s.")]
    private partial void LogDraining(string sampler, int draws, double seconds);

    [LoggerMessage(EventId = 1302, Level = LogLevel.Warning, Message = "{Sampler} drains and could not tell the pool.")]
    private partial void LogPoolUnreached(string sampler, Exception exception);
}
