using Etr.Core.Rollouts;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Rollouts;

/// <summary>
/// What the engines share: decodes every slot it holds as one batch on a thread of its own, taking slots in and letting them go
/// between tokens. Slots of different policy versions decode side by side, each version in a lane of its own.
/// </summary>
internal sealed class ContinuousBatching : IAsyncDisposable
{
    // Weights of more versions are not held at once; a further version waits until one has no slot left.
    private const int MostVersions = 4;

    private readonly int _capacity;
    private readonly PolicyVocabulary _vocabulary;
    private readonly EngineClock _clock;
    private readonly Func<PolicyRef, ILaneModel> _load;
    private readonly Action? _started;
    private readonly RequestQueue _queue;

    // Everything below is touched by the engine's thread alone.
    private readonly Queue<RequestDecode> _waiting = new();
    private readonly List<DecodeLane> _lanes = [];
    private readonly Dictionary<DecodeLane, List<RequestDecode>> _entering = [];

    /// <summary>Starts the engine's thread.</summary>
    /// <param name="name">Name of the thread.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    /// <param name="options">Capacity, queue and priority.</param>
    /// <param name="clock">Told when the engine is busy.</param>
    /// <param name="load">Loads a policy version; called on the engine's thread.</param>
    /// <param name="started">Called first on the engine's thread.</param>
    public ContinuousBatching(
        string name, PolicyVocabulary vocabulary, RolloutEngineOptions options, EngineClock clock, Func<PolicyRef, ILaneModel> load, Action? started = null)
    {
        _capacity = options.Capacity;
        _vocabulary = vocabulary;
        _clock = clock;
        _load = load;
        _started = started;
        _queue = new RequestQueue(name, options.QueueLength, options.LowPriority, Loop);
    }

    public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken) => _queue.SubmitAsync(request, cancellationToken);

    /// <summary>Ends every slot at its next token boundary, as cancelled, and waits for the thread.</summary>
    public ValueTask DisposeAsync() => _queue.DisposeAsync();

    private int Active => _lanes.Sum(lane => lane.Count);

    private void Loop(RequestQueue queue)
    {
        _started?.Invoke();
        while (Active > 0 || _waiting.Count > 0 || queue.Wait())
        {
            using EngineClock.Interval busy = _clock.Begin(EngineRole.Sampler);
            bool stopping = queue.Stopping.IsCancellationRequested;
            TakeIn(queue, stopping);
            if (!stopping)
            {
                Admit();
            }

            foreach (DecodeLane lane in _lanes.ToArray())
            {
                Guarded(lane, () =>
                {
                    lane.Cancel(stopping);
                    if (lane.Count > 0)
                    {
                        lane.Step();
                    }
                });
            }
        }

        foreach (DecodeLane lane in _lanes)
        {
            lane.Dispose();
        }
    }

    // The bounded queue is the only place where requests pile up: no more is taken in than can soon be drawn.
    private void TakeIn(RequestQueue queue, bool stopping)
    {
        while ((stopping || _waiting.Sum(request => request.Slots.Count) < _capacity) && queue.TryTake(out RolloutRequest? request))
        {
            try
            {
                var decode = new RequestDecode(request!, _vocabulary);
                if (stopping)
                {
                    End(decode);
                }
                else
                {
                    _waiting.Enqueue(decode);
                }
            }
            catch (ArgumentException e)
            {
                request!.Observer.OnFailed(e.Message);
            }
        }

        while (stopping && _waiting.TryDequeue(out RequestDecode? waiting))
        {
            End(waiting);
        }
    }

    private void Admit()
    {
        _entering.Clear();
        int free = _capacity - Active;
        while (_waiting.TryPeek(out RequestDecode? next))
        {
            if (next.Source.Cancellation.IsCancellationRequested)
            {
                _waiting.Dequeue();
                End(next);
                continue;
            }

            // A request wider than the engine is let in alone: waiting would be for ever.
            if (next.Slots.Count > free && free < _capacity)
            {
                break;
            }

            if (!TryLane(next, out DecodeLane? lane))
            {
                break;
            }

            _waiting.Dequeue();
            if (lane is not null)
            {
                free -= next.Slots.Count;
                if (!_entering.TryAdd(lane, [next]))
                {
                    _entering[lane].Add(next);
                }
            }
        }

        foreach ((DecodeLane lane, List<RequestDecode> requests) in _entering)
        {
            Guarded(lane, () => lane.Admit(requests), requests);
        }
    }

    // False: wait for a version to end. True without a lane: the request has failed.
    private bool TryLane(RequestDecode request, out DecodeLane? lane)
    {
        PolicyRef policy = request.Source.Policy;
        lane = _lanes.Find(open => open.Policy == policy);
        if (lane is not null)
        {
            return true;
        }

        // A version without slots is kept until another one comes: its requests may not be through.
        foreach (DecodeLane idle in _lanes.Where(open => open.Count == 0 && !_entering.ContainsKey(open)).ToArray())
        {
            _lanes.Remove(idle);
            idle.Dispose();
        }

        if (_lanes.Count >= MostVersions)
        {
            return false;
        }

        try
        {
            lane = new DecodeLane(policy, _load(policy));
            _lanes.Add(lane);
        }
        catch (CheckpointException e)
        {
            request.Source.Observer.OnFailed(e.Message);
        }

        return true;
    }

    // Whatever goes wrong in a lane ends the requests it holds, and the lane; the engine goes on.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "told to every request it concerns")]
    private void Guarded(DecodeLane lane, Action work, IReadOnlyList<RequestDecode>? entering = null)
    {
        try
        {
            work();
        }
        catch (Exception e)
        {
            _lanes.Remove(lane);
            foreach (RolloutRequest request in lane.Requests.Concat((entering ?? []).Select(decode => decode.Source)).Distinct())
            {
                request.Observer.OnFailed(e.Message);
            }

            lane.Dispose();
        }
    }

    private static void End(RequestDecode request)
    {
        foreach (SlotDecode slot in request.Slots)
        {
            slot.Cancel();
            slot.Finish();
        }
    }
}
