using System.Collections.Concurrent;
using System.Diagnostics;
using Etr.Core.Rollouts;

namespace Etr.Benchmarks.Modes;

/// <summary>
/// A device of a fixed latency: every slot's tokens are those of the real engine behind it, but token k is told no sooner than k
/// token times after the request came, however many slots are drawn at once. So a sampler's time costs no core of the learner's
/// but what drawing itself takes.
/// </summary>
/// <param name="inner">The engine that draws.</param>
/// <param name="token">Time of a token.</param>
/// <param name="clock">Told when a slot is open.</param>
internal sealed class PacedEngine(IRolloutEngine inner, TimeSpan token, EngineClock clock) : IRolloutEngine
{
    private readonly BlockingCollection<Pace> _entering = [];
    private Thread? _thread;

    public string Device => inner.Device;

    public int Capacity => inner.Capacity;

    public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken)
    {
        lock (_entering)
        {
            if (_thread is null)
            {
                _thread = new Thread(Tell) { IsBackground = true, Name = "paced engine", Priority = ThreadPriority.AboveNormal };
                _thread.Start();
            }
        }

        var pace = new Pace(request, Stopwatch.GetTimestamp(), (long)(token.TotalSeconds * Stopwatch.Frequency));
        _entering.Add(pace, CancellationToken.None);
        return inner.SubmitAsync(request with { Observer = pace, Cancellation = CancellationToken.None }, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _entering.CompleteAdding();
        _thread?.Join();
        _entering.Dispose();
        await inner.DisposeAsync();
    }

    private void Tell()
    {
        List<Pace> open = [];
        while (!_entering.IsCompleted)
        {
            if (open.Count == 0)
            {
                if (_entering.TryTake(out Pace? first, Timeout.Infinite))
                    open.Add(first);
                continue;
            }

            using EngineClock.Interval busy = clock.Begin(EngineRole.Sampler);
            while (open.Count > 0 && !_entering.IsAddingCompleted)
            {
                while (_entering.TryTake(out Pace? next))
                    open.Add(next);
                long now = Stopwatch.GetTimestamp();
                open.RemoveAll(pace => pace.TellUntil(now));
                Thread.Sleep(1);
            }
        }
    }

    /// <summary>A request: what the engine has drawn for it, and how much of it was told.</summary>
    private sealed class Pace : IRolloutObserver
    {
        private readonly Lock _lock = new();
        private readonly RolloutRequest _request;
        private readonly long _start;
        private readonly long _token;
        private readonly Dictionary<uint, Slot> _slots;
        private string? _failure;

        public Pace(RolloutRequest request, long start, long token)
        {
            (_request, _start, _token) = (request, start, token);
            _slots = request.Slots.ToDictionary(slot => slot.Slot, _ => new Slot());
        }

        public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
        {
            lock (_lock)
            {
                _slots[slot].Tokens.Enqueue(tokens);
                return !_slots[slot].Over;
            }
        }

        public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
        {
            lock (_lock)
            {
                (_slots[slot].Ending, _slots[slot].Prompt) = (ending, promptTokens);
            }
        }

        public void OnFailed(string reason)
        {
            lock (_lock)
            {
                _failure = reason;
            }
        }

        /// <summary>Tells what is due. Returns whether all is told.</summary>
        public bool TellUntil(long now)
        {
            lock (_lock)
            {
                if (_failure is not null)
                {
                    _request.Observer.OnFailed(_failure);
                    return true;
                }

                long due = (now - _start) / _token;
                bool cancelled = _request.Cancellation.IsCancellationRequested;
                foreach ((uint slot, Slot state) in _slots)
                {
                    if (!state.Over)
                        Tell(slot, state, due, cancelled);
                }

                return _slots.Values.All(slot => slot.Over);
            }
        }

        // A step is told when its last token is due; a slot that is cancelled gives what is due of the step under way.
        private void Tell(uint slot, Slot state, long due, bool cancelled)
        {
            bool goesOn = true;
            while (goesOn && state.Tokens.TryPeek(out IReadOnlyList<SampledToken>? step) && state.Told + step.Count <= due)
            {
                state.Tokens.Dequeue();
                state.Told += step.Count;
                goesOn = _request.Observer.OnTokens(slot, step);
            }

            bool ended = state is { Ending: not null, Tokens.Count: 0 };
            if (ended || ((cancelled || !goesOn) && state.Prompt is not null))
            {
                if (!ended && goesOn && state.Tokens.TryPeek(out IReadOnlyList<SampledToken>? part) && due > state.Told)
                    _request.Observer.OnTokens(slot, [.. part.Take((int)(due - state.Told))]);
                state.Over = true;
                _request.Observer.OnEnd(slot, ended ? state.Ending!.Value : TraceEnd.Cancelled, state.Prompt!);
            }
        }

        private sealed class Slot
        {
            public Queue<IReadOnlyList<SampledToken>> Tokens { get; } = new();

            public long Told { get; set; }

            public TraceEnd? Ending { get; set; }

            public IReadOnlyList<int>? Prompt { get; set; }

            public bool Over { get; set; }
        }
    }
}
