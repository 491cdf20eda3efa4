namespace Etr.Core.Rollouts;

/// <summary>Which engine is at work.</summary>
public enum EngineRole
{
    /// <summary>A sampler, drawing traces.</summary>
    Sampler,

    /// <summary>The learner, training.</summary>
    Learner,
}

/// <summary>
/// How long this process's engines have been busy: each role alone (any of its engines), and either of them. Idle share is
/// 1 − busy ÷ wall.
/// </summary>
public sealed class EngineClock(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Meter[] _meters = [new(), new(), new()];
    private readonly long _start = time.GetTimestamp();

    /// <summary>Wall time since the clock was made.</summary>
    public TimeSpan Wall => time.GetElapsedTime(_start);

    /// <summary>Time in which at least one engine of the role was busy.</summary>
    public TimeSpan Busy(EngineRole role) => Read(_meters[(int)role]);

    /// <summary>Time in which at least one engine of any role was busy.</summary>
    public TimeSpan BusyAny => Read(_meters[2]);

    /// <summary>Marks an engine busy until the returned value is disposed. Costs two lock-protected updates; one per batch, not per token.</summary>
    public Interval Begin(EngineRole role)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            _meters[(int)role].Enter(now);
            _meters[2].Enter(now);
        }

        return new Interval(this, role);
    }

    private void End(EngineRole role)
    {
        lock (_lock)
        {
            long now = time.GetTimestamp();
            _meters[(int)role].Leave(now);
            _meters[2].Leave(now);
        }
    }

    private TimeSpan Read(Meter meter)
    {
        lock (_lock)
        {
            return time.GetElapsedTime(0, meter.Ticks(time.GetTimestamp()));
        }
    }

    /// <summary>A stretch of work; ends when disposed.</summary>
    public readonly struct Interval : IDisposable
    {
        private readonly EngineClock _clock;
        private readonly EngineRole _role;

        internal Interval(EngineClock clock, EngineRole role) => (_clock, _role) = (clock, role);

        /// <inheritdoc/>
        public void Dispose() => _clock.End(_role);
    }

    private sealed class Meter
    {
        private int _inside;
        private long _since;
        private long _ticks;

        public void Enter(long now)
        {
            if (_inside++ == 0)
            {
                _since = now;
            }
        }

        public void Leave(long now)
        {
            if (--_inside == 0)
            {
                _ticks += now - _since;
            }
        }

        public long Ticks(long now) => _ticks + (_inside > 0 ? now - _since : 0);
    }
}
