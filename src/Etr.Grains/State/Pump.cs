using System.Diagnostics;
using Etr.Grains.Waits;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Etr.Grains.State;

/// <summary>
/// A grain's own work beside its calls: one pass at a time on the grain's scheduler, another one whenever it was woken
/// meanwhile, and after a failure one more when a pause has passed that doubles up to a limit. A failed ETag write ends the
/// activation: someone else holds the state.
/// </summary>
internal sealed partial class Pump
{
    private readonly Grain _grain;
    private readonly Func<Task> _pass;
    private readonly TimeSpan _firstPause;
    private readonly TimeSpan _longestPause;
    private readonly ILogger _logger;
    private readonly IGrainTimer _timer;
    private Task _running = Task.CompletedTask;
    private bool _again;
    private bool _stopped;
    private int _misses;

    public Pump(Grain grain, Func<Task> pass, EtrGrainOptions options, ILogger logger)
    {
        (_grain, _pass, _logger) = (grain, pass, logger);
        (_firstPause, _longestPause) = (options.Retry, options.Touch);
        _timer = grain.RegisterGrainTimer(
            () =>
            {
                Wake();
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true });
    }

    /// <summary>
    /// Passes that failed in a row by themselves. One that only did not reach another grain is not counted: after a silo's death that
    /// is the rule for some seconds, however often it is tried.
    /// </summary>
    public int Failures { get; private set; }

    /// <summary>Why the last pass failed; empty where it did not.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>What is waited for: another try, where the last pass failed, else what <paramref name="note"/> says.</summary>
    public Wait? WaitOr(WaitNote? note)
    {
        note?.Cover(Fault.Length > 0 ? $"another try: {Fault}" : "", _longestPause);
        return note?.Current;
    }

    public void Wake()
    {
        _again = true;
        if (_running.IsCompleted && !_stopped)
            _running = RunAsync();
    }

    public void WakeAfter(TimeSpan pause)
    {
        if (!_stopped)
            _timer.Change(pause, Timeout.InfiniteTimeSpan);
    }

    /// <summary>No further pass; one under way ends by itself.</summary>
    public void Stop()
    {
        _stopped = true;
        _timer.Dispose();
    }

    private async Task RunAsync()
    {
        // What a pump does is its grain's own: not part of the call that happened to wake it.
        if (Activity.Current is not null)
            Activity.Current = null;
        while (_again && !_stopped)
        {
            _again = false;
            try
            {
                await _pass();
                (_misses, Failures, Fault) = (0, 0, "");
            }
            catch (InconsistentStateException exception)
            {
                LogFenced(_grain.GetPrimaryKeyString(), exception);
                _stopped = true;
                _grain.GrainContext.Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, "The state is held by another activation."));
            }
            catch (Exception) when (_stopped)
            {
                // The activation is over, and so is whatever it was about: its next one begins from what is stored.
                return;
            }
            catch (Exception exception)
            {
                Fault = exception.Message;
                Failures += IsUnreached(exception) ? 0 : 1;
                LogFailed(_grain.GrainContext.GrainId.ToString(), ++_misses, exception);
                double pause = _firstPause.TotalMilliseconds * Math.Pow(2, Math.Min(_misses - 1, 20));
                WakeAfter(TimeSpan.FromMilliseconds(Math.Min(pause, _longestPause.TotalMilliseconds)));
                return;
            }
        }
    }

    private static bool IsUnreached(Exception exception) => exception is TimeoutException or OrleansException;

    [LoggerMessage(EventId = 1501, Level = LogLevel.Warning, Message = "{Grain} failed {Misses} times in a row; it tries again.")]
    private partial void LogFailed(string grain, int misses, Exception exception);

    [LoggerMessage(EventId = 1502, Level = LogLevel.Warning, Message = "{Grain} lost a write to another activation and stops.")]
    private partial void LogFenced(string grain, Exception exception);
}
