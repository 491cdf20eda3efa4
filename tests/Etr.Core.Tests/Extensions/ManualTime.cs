using System.Threading.Channels;

namespace Etr.Core.Tests.Extensions;

/// <summary>A clock whose timers go off when the test says so, and never by themselves.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Channel<Action> _timers = Channel.CreateUnbounded<Action>();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(callback, state);
        _timers.Writer.TryWrite(timer.Fire);
        return timer;
    }

    /// <summary>Lets every timer go off that comes while a task is not completed.</summary>
    public async Task PassDeadlineAsync(Task task)
    {
        while (await Task.WhenAny(task, _timers.Reader.WaitToReadAsync().AsTask()).WaitAsync(TimeSpan.FromSeconds(30)) != task)
        {
            if (_timers.Reader.TryRead(out Action? fire))
                fire();
        }
    }

    private sealed class Timer(TimerCallback callback, object? state) : ITimer
    {
        private bool _disposed;

        public void Fire()
        {
            if (!_disposed)
                callback(state);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose() => _disposed = true;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
