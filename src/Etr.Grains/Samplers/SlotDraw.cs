using Etr.Core.Rollouts;
using Etr.Grains.Groups;

namespace Etr.Grains.Samplers;

/// <summary>
/// The slots of one draw request between the engine's thread, which fills them, and the sampler grain, which empties them.
/// What is held is bounded by the slots' length limit: an engine draws no more for a slot than that.
/// </summary>
internal sealed class SlotDraw : IRolloutObserver, IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _cancellation = new();
    private readonly Dictionary<uint, Slot> _slots;
    private readonly Action _signal;
    private string? _failure;

    /// <param name="request">The request.</param>
    /// <param name="signal">Called on the engine's thread when there is something to take; must return at once.</param>
    public SlotDraw(DrawRequest request, Action signal)
    {
        (Request, _signal) = (request, signal);
        Prefixes = [.. request.Slots.Select(slot => new RolloutSlot((uint)slot.Slot, TokenFrame.Unpack(slot.Prefix)))];
        _slots = request.Slots.Zip(Prefixes).ToDictionary(
            pair => (uint)pair.First.Slot,
            pair => new Slot(pair.First.Lease, pair.First.Alone) { Sent = pair.Second.Prefix.Count });
    }

    public DrawRequest Request { get; }

    public IReadOnlyList<RolloutSlot> Prefixes { get; }

    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Why the request cannot be drawn; null where it can.</summary>
    public string? Failure
    {
        get
        {
            lock (_lock)
            {
                return _failure;
            }
        }
    }

    /// <summary>Leases whose slots are still drawn or have something left to tell.</summary>
    public HeldLease[] Held
    {
        get
        {
            lock (_lock)
            {
                return [.. _slots.Where(entry => !entry.Value.Done).Select(entry => new HeldLease(entry.Value.Lease, Request.Group, (int)entry.Key, entry.Value.Alone))];
            }
        }
    }

    public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
    {
        bool goOn;
        lock (_lock)
        {
            Slot held = _slots[slot];
            held.Pending.AddRange(tokens);
            goOn = !held.Stopped;
        }

        _signal();
        return goOn;
    }

    public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
    {
        lock (_lock)
        {
            Slot held = _slots[slot];

            // The first ending counts: a slot that is taken back may have finished meanwhile.
            if (held.Ending is null)
                (held.Ending, held.PromptTokens) = (ending, [.. promptTokens]);
        }

        _signal();
    }

    public void OnFailed(string reason)
    {
        lock (_lock)
        {
            _failure ??= reason;
        }

        _signal();
    }

    /// <summary>What has not been told yet. Taking it again before <see cref="Told"/> gives the same and more.</summary>
    public SlotReport[] Take()
    {
        lock (_lock)
        {
            return
            [
                .. _slots.Where(entry => entry.Value.HasNews).Select(entry => new SlotReport
                {
                    Slot = (int)entry.Key,
                    Lease = entry.Value.Lease,
                    From = entry.Value.Sent,
                    Frame = TokenFrame.Pack(entry.Value.Pending),
                    Ending = entry.Value.Ending,
                    PromptTokens = entry.Value.Ending is null or TraceEnd.Cancelled ? null : entry.Value.PromptTokens,
                }),
            ];
        }
    }

    /// <summary>These reports were answered; the refused leases need not be drawn any more. Returns the tokens told.</summary>
    public int Told(SlotReport[] reports, Guid[] refused)
    {
        int tokens = 0;
        lock (_lock)
        {
            foreach (SlotReport report in reports)
            {
                Slot held = _slots[(uint)report.Slot];
                int count = System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(report.Frame);
                held.Pending.RemoveRange(0, count);
                held.Sent += count;
                held.Done |= report.Ending is not null;
                tokens += count;
            }
        }

        Stop(refused);
        return tokens;
    }

    /// <summary>Ends slots at their next token boundary and tells no more of them.</summary>
    public void Stop(IReadOnlyCollection<Guid> leases)
    {
        bool all;
        lock (_lock)
        {
            foreach (Slot slot in _slots.Values.Where(slot => leases.Contains(slot.Lease)))
                slot.Stopped = slot.Done = true;
            all = _slots.Values.All(slot => slot.Done);
        }

        if (all)
            _cancellation.Cancel();
    }

    /// <summary>
    /// Ends all slots at their next token boundary. What they have until then is still told, with the ending, so that they can be
    /// drawn on elsewhere.
    /// </summary>
    public void HandBack()
    {
        lock (_lock)
        {
            foreach (Slot slot in _slots.Values)
                slot.Stopped = true;
        }

        _cancellation.Cancel();
    }

    /// <summary>The engine never took the request: its slots end where they are.</summary>
    public void NotTaken()
    {
        foreach (uint slot in _slots.Keys)
            OnEnd(slot, TraceEnd.Cancelled, []);
    }

    public bool IsDone
    {
        get
        {
            lock (_lock)
            {
                return _slots.Values.All(slot => slot.Done);
            }
        }
    }

    public void Dispose() => _cancellation.Dispose();

    private sealed class Slot(Guid lease, bool alone)
    {
        public Guid Lease => lease;

        public bool Alone => alone;

        public List<SampledToken> Pending { get; } = [];

        /// <summary>Tokens told, the prefix included.</summary>
        public int Sent { get; set; }

        public TraceEnd? Ending { get; set; }

        public int[] PromptTokens { get; set; } = [];

        public bool Stopped { get; set; }

        public bool Done { get; set; }

        public bool HasNews => !Done && (Pending.Count > 0 || Ending is not null);
    }
}
