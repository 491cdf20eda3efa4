using Etr.Core.Rollouts;
using Etr.Policy.Checkpoints;
using Etr.Policy.Memory;

namespace Etr.Policy.Rollouts;

/// <summary>
/// What the engines share: decodes every slot it holds as one batch on a thread of its own, taking slots in and letting them go
/// between tokens. Slots of different policy versions decode side by side, each version in a lane of its own.
/// </summary>
/// <remarks>
/// Keys and values stay within a <see cref="CacheBudget"/>. Where the next step would exceed it, the slot that entered last gives way: it
/// waits with what it has drawn, and that is read again when there is room. So does every slot when memory runs out: the budget is
/// halved and they enter again. A draw is a function of weights, text and key alone, so a slot that gave way goes on as it would have.
/// </remarks>
internal sealed class ContinuousBatching : IAsyncDisposable
{
    // Weights of more versions are not held at once; a further version waits until one has no slot left.
    private const int MostVersions = 4;

    private readonly PolicyVocabulary _vocabulary;
    private readonly EngineClock _clock;
    private readonly Func<PolicyRef, ILaneModel> _load;
    private readonly CacheBudget _budget;
    private readonly Action? _reset;
    private readonly Action? _started;
    private readonly RequestQueue _queue;

    // Everything below is touched by the engine's thread alone.
    private readonly WaitingSlots _waiting = new();
    private readonly List<DecodeLane> _lanes = [];
    private readonly Dictionary<DecodeLane, List<SlotDecode>> _entering = [];
    private long _entered;

    /// <summary>Starts the engine's thread.</summary>
    /// <param name="name">Name of the thread.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    /// <param name="options">Queue and priority.</param>
    /// <param name="clock">Told when the engine is busy.</param>
    /// <param name="load">Loads a policy version; called on the engine's thread.</param>
    /// <param name="budget">Slots, and keys and values, that are held at once.</param>
    /// <param name="reset">Gives all keys and values back to the device; null where the engine cannot, and memory that runs out is a failure.</param>
    /// <param name="started">Called first on the engine's thread.</param>
    public ContinuousBatching(
        string name, PolicyVocabulary vocabulary, RolloutEngineOptions options, EngineClock clock, Func<PolicyRef, ILaneModel> load, CacheBudget budget,
        Action? reset = null, Action? started = null)
    {
        _vocabulary = vocabulary;
        _clock = clock;
        _load = load;
        _budget = budget;
        _reset = reset;
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
                    MakeRoom(lane);
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
        while ((stopping || _waiting.Count < _budget.Slots) && queue.TryTake(out RolloutRequest? request))
        {
            try
            {
                var decode = new RequestDecode(request!, _vocabulary);
                if (stopping)
                {
                    End(decode.Slots);
                }
                else
                {
                    _waiting.Add(decode.Slots);
                }
            }
            catch (ArgumentException e)
            {
                request!.Observer.OnFailed(e.Message);
            }
        }

        while (stopping && _waiting.TryPeek(out IReadOnlyList<SlotDecode> waiting))
        {
            _waiting.Take(waiting.Count);
            End(waiting);
        }
    }

    private void Admit()
    {
        _entering.Clear();
        int free = _budget.Slots - Active;
        long blocks = _budget.Free;
        while (_waiting.TryPeek(out IReadOnlyList<SlotDecode> next))
        {
            if (next[0].Request.Source.Cancellation.IsCancellationRequested)
            {
                _waiting.Take(next.Count);
                End(next);
                continue;
            }

            (int fitting, long needed) = WaitingSlots.Fitting(next, free, blocks);
            bool alone = Active == 0 && _entering.Count == 0;
            // A request waits until it fits whole. With nothing else to draw as many of its slots go first as fit: waiting would be for ever.
            if (fitting < next.Count && !alone)
            {
                break;
            }

            if (fitting == 0)
            {
                Refuse(next, $"a trace of {next[0].GivenLength} tokens does not fit into the {_budget.Tokens} whose keys and values may be held");
                continue;
            }

            if (!TryLane(next, out DecodeLane? lane))
            {
                break;
            }

            if (lane is not null)
            {
                _waiting.Take(fitting);
                free -= fitting;
                blocks -= needed;
                Enter(lane, next.Take(fitting));
            }
        }

        while (_entering.Count > 0)
        {
            (DecodeLane lane, List<SlotDecode> slots) = _entering.First();
            _entering.Remove(lane);
            Guarded(lane, () => lane.Admit(slots), slots);
        }
    }

    private void Enter(DecodeLane lane, IEnumerable<SlotDecode> slots)
    {
        if (!_entering.TryGetValue(lane, out List<SlotDecode>? entering))
        {
            _entering[lane] = entering = [];
        }

        foreach (SlotDecode slot in slots)
        {
            slot.Entered ??= _entered++;
            entering.Add(slot);
        }
    }

    // False: wait for a version to end, or for memory. True without a lane: the request has failed.
    private bool TryLane(IReadOnlyList<SlotDecode> slots, out DecodeLane? lane)
    {
        PolicyRef policy = slots[0].Request.Source.Policy;
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
            Refuse(slots, e.Message);
        }
        catch (Exception e) when (MemoryExhaustion.Is(e))
        {
            // What is drawn now may leave room for the version; if nothing is, nothing will.
            if (Active > 0 || _entering.Count > 0)
            {
                return false;
            }

            Refuse(slots, $"{Exhausted("loading the policy", e)}: {WayOut}");
        }

        return true;
    }

    private void Refuse(IReadOnlyList<SlotDecode> slots, string reason)
    {
        _waiting.Take(slots.Count);
        RolloutRequest request = slots[0].Request.Source;
        Abandon([request]);
        request.Observer.OnFailed(reason);
    }

    // Slots that entered last give way until the others can go on.
    private void MakeRoom(DecodeLane stepping)
    {
        while (stepping.BlocksToStep > _budget.Free)
        {
            (DecodeLane lane, SlotDecode slot) = _lanes.SelectMany(lane => lane.Slots.Select(slot => (lane, slot))).MaxBy(held => held.slot.Entered);
            if (Active == 1)
            {
                throw new InvalidOperationException(
                    $"a trace of {slot.GivenLength} tokens does not fit into the {_budget.Tokens} whose keys and values may be held: {WayOut}");
            }

            _budget.GiveWay();
            lane.Evict(slot);
            _waiting.AddFirst([slot]);
        }
    }

    // Whatever goes wrong in a lane ends the requests it holds, and the lane; the engine goes on.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "told to every request it concerns")]
    private void Guarded(DecodeLane lane, Action work, IReadOnlyList<SlotDecode>? entering = null)
    {
        // A lane that others gave way for, or that was refused, may be gone.
        if (!_lanes.Contains(lane))
        {
            return;
        }

        try
        {
            work();
        }
        catch (Exception e) when (_reset is not null && MemoryExhaustion.Is(e) && TryShrink(entering ?? []))
        {
        }
        catch (Exception e)
        {
            string reason = MemoryExhaustion.Is(e) ? $"{Exhausted($"drawing {Math.Max(1, lane.Count)} trace(s)", e)}: {WayOut}" : e.Message;
            _lanes.Remove(lane);
            RolloutRequest[] failed = [.. lane.Requests.Concat((entering ?? []).Select(slot => slot.Request.Source)).Distinct()];
            Abandon(failed);
            foreach (RolloutRequest request in failed)
            {
                request.Observer.OnFailed(reason);
            }

            lane.Dispose();
        }
    }

    // Slots of a failed request that wait for room are never drawn: it has been told that it has failed.
    private void Abandon(RolloutRequest[] failed) => _waiting.Remove(slot => failed.Contains(slot.Request.Source));

    // Halves the budget, gives up all keys and values and lets every slot wait with what it has drawn, the oldest first.
    private bool TryShrink(IReadOnlyList<SlotDecode> entering)
    {
        SlotDecode[] held = [.. _lanes.SelectMany(lane => lane.Slots).Concat(entering).Concat(_entering.Values.SelectMany(slots => slots)).Distinct()
            .Where(slot => slot.Ending is null).OrderBy(slot => slot.Entered)];
        if (!_budget.TryHalve(held.Length))
        {
            return false;
        }

        foreach (DecodeLane lane in _lanes)
        {
            lane.Forget();
        }

        _reset!();
        foreach (IGrouping<RequestDecode, SlotDecode> slots in held.GroupBy(slot => slot.Request).Reverse())
        {
            _waiting.AddFirst([.. slots]);
        }

        _entering.Clear();
        return true;
    }

    private const string WayOut =
        "lower Etr:Policy:Slots, Etr:Policy:CacheTokens or Etr:Sampling:MaxNewTokens, hold weights in half precision (Etr:Policy:Weights=bf16), or give the sampler a device with more memory";

    private static string Exhausted(string doing, Exception e) => $"memory ran out while {doing}, and there is nothing left to halve ({e.Message.Split('\n')[0]})";

    private static void End(IEnumerable<SlotDecode> slots)
    {
        foreach (SlotDecode slot in slots)
        {
            slot.Cancel();
            slot.Finish();
        }
    }
}
