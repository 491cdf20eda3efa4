using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Grains.Samplers;

namespace Etr.Grains.Groups;

/// <summary>
/// The slots of a group that is being drawn: who may report on which, and what has been reported. Only the live lease counts;
/// what is told twice counts once.
/// </summary>
internal sealed class GroupSlots
{
    /// <summary>Bytes of progress that are kept in the group's state; traces beyond it are redrawn from their start if lost.</summary>
    public const int MostPersistedBytes = 800_000;

    // A traceparent has 55 characters; a slot that is leased over and over names its first leases.
    private const int MostTraceparent = 64;
    private const int MostTraces = 16;

    private readonly EtrPreset _preset;
    private readonly Slot[] _slots;

    public GroupSlots(int count, EtrPreset preset, IReadOnlyList<SlotRecord> records)
    {
        _preset = preset;
        _slots = [.. Enumerable.Range(0, count).Select(slot => Restore(slot < records.Count ? records[slot] : new SlotRecord()))];
    }

    public int Count => _slots.Length;

    public Slot this[int slot] => _slots[slot];

    public bool AllEnded => _slots.All(slot => slot.Ending is not null);

    public long Tokens => _slots.Sum(slot => (long)slot.Builder.Tokens.Count);

    /// <summary>The spans of the leases that drew it, as traceparents; none where they are not traced.</summary>
    public string[] Traces => [.. _slots.SelectMany(slot => slot.Traces)];

    /// <summary>Slots that nobody draws and that have not ended.</summary>
    public int[] Unleased => [.. Enumerable.Range(0, Count).Where(slot => _slots[slot].Ending is null && _slots[slot].Lease == Guid.Empty)];

    /// <summary>The live leases, by their sampler, its epoch and its silo.</summary>
    public IEnumerable<IGrouping<(string Sampler, Guid Epoch, SiloAddress? Silo), Guid>> Leases =>
        _slots.Where(slot => slot.Lease != Guid.Empty).GroupBy(slot => (slot.Sampler, slot.Epoch, slot.Silo), slot => slot.Lease);

    /// <summary>Samplers that draw a slot with a policy older than <paramref name="version"/>.</summary>
    public string[] SamplersBehind(long version) =>
        [.. _slots.Where(slot => slot.Lease != Guid.Empty && slot.PolicyVersion < version).Select(slot => slot.Sampler).Distinct()];

    /// <summary>Whether any of these leases is live and was granted to the group alone.</summary>
    public bool HasAlone(IReadOnlyCollection<Guid> leases) =>
        _slots.Any(slot => slot.Lease != Guid.Empty && slot.Alone && leases.Contains(slot.Lease));

    /// <summary>Gives slots their next attempt, under a granted lease. Slots that ended or are leased keep what they have.</summary>
    public SlotLease[] Grant(LeaseGrant grant, long policyVersion)
    {
        var taken = new List<SlotLease>();
        foreach (SlotLease lease in grant.Leases)
        {
            Slot slot = _slots[lease.Slot];
            if (slot.Ending is not null || slot.Lease != Guid.Empty)
                continue;
            (slot.Lease, slot.Sampler, slot.Epoch, slot.Silo, slot.Alone) = (lease.Lease, grant.Sampler, grant.Epoch, grant.Silo, grant.Alone);
            slot.PolicyVersion = policyVersion;
            slot.Attempt++;
            taken.Add(lease);
        }

        return [.. taken];
    }

    /// <summary>Takes back leases. Returns how many of them were live.</summary>
    public int Void(IReadOnlyCollection<Guid> leases)
    {
        int live = 0;
        foreach (Slot slot in _slots.Where(slot => slot.Lease != Guid.Empty && leases.Contains(slot.Lease)))
        {
            slot.Lease = Guid.Empty;
            live++;
        }

        return live;
    }

    /// <summary>Takes a report. Null where its lease is not live or tokens before it are missing: it is refused.</summary>
    public ReportEffect? Take(SlotReport report)
    {
        if (report.Slot < 0 || report.Slot >= Count)
            return null;
        Slot slot = _slots[report.Slot];

        // The last report of an ended slot may be told again: its sampler never heard the answer.
        if (slot.Ending is not null && report.Lease == slot.LastLease)
            return new ReportEffect(0, [], Ended: false);
        if (report.Lease == Guid.Empty || report.Lease != slot.Lease)
            return null;

        SampledToken[] tokens = TokenFrame.Unpack(report.Frame);
        int known = slot.Builder.Tokens.Count - report.From;
        if (known < 0)
        {
            // Progress between was lost with the group's host: nothing that follows can be joined to what is left.
            slot.Lease = Guid.Empty;
            return null;
        }

        var steps = new List<StepProgress>();
        int fresh = 0;
        foreach (SampledToken token in tokens.Skip(known))
        {
            fresh++;
            int step = slot.Builder.Add(token);
            if (step >= 0)
                steps.Add(new StepProgress(step, slot.Builder.StepEntropies[step], slot.Builder.Trend));
        }

        if (report.Trace is { Length: > 0 and <= MostTraceparent } trace && slot.Traces.Count < MostTraces)
            slot.Traces.Add(trace);
        bool ended = false;
        if (report.Ending == TraceEnd.Cancelled)
        {
            slot.Lease = Guid.Empty;
        }
        else if (report.Ending is { } ending)
        {
            (slot.Ending, slot.LastLease, slot.Lease) = (ending, slot.Lease, Guid.Empty);
            ended = true;
        }

        return new ReportEffect(fresh, steps, ended);
    }

    /// <summary>Forgets every trace: the group is drawn again, under later attempts.</summary>
    public void Restart()
    {
        foreach (Slot slot in _slots)
        {
            slot.Builder = new TraceBuilder(_preset);
            (slot.Ending, slot.Lease) = (null, Guid.Empty);
            slot.Traces.Clear();
        }
    }

    /// <summary>The slots as they are written down. Progress beyond the bound is left out, ended traces first kept.</summary>
    public SlotRecord[] ToRecords()
    {
        var frames = new byte[Count][];
        int room = MostPersistedBytes;
        foreach (int index in Enumerable.Range(0, Count).OrderByDescending(index => _slots[index].Ending is not null))
        {
            byte[] frame = TokenFrame.Pack(_slots[index].Builder.Tokens);
            bool fits = frame.Length <= room;
            frames[index] = fits ? frame : [];
            room -= fits ? frame.Length : 0;
        }

        return [.. _slots.Select((slot, index) => new SlotRecord
        {
            Attempt = slot.Attempt,
            Sampler = slot.Sampler,
            Epoch = slot.Epoch,
            Lease = slot.Lease,
            Frame = frames[index],

            // Without its tokens an ended trace has not ended.
            Ending = frames[index].Length > 0 ? slot.Ending : null,
            Silo = slot.Silo,
            Alone = slot.Alone,
            PolicyVersion = slot.PolicyVersion,
            Traces = [.. slot.Traces],
        })];
    }

    private Slot Restore(SlotRecord record)
    {
        var slot = new Slot(_preset)
        {
            Attempt = record.Attempt,
            Sampler = record.Sampler,
            Epoch = record.Epoch,
            Lease = record.Lease,
            Ending = record.Ending,
            Silo = record.Silo,
            Alone = record.Alone,
            PolicyVersion = record.PolicyVersion,
        };
        slot.Traces.AddRange(record.Traces);
        if (record.Frame.Length > 0)
        {
            foreach (SampledToken token in TokenFrame.Unpack(record.Frame))
                slot.Builder.Add(token);
        }

        return slot;
    }

    /// <summary>One slot.</summary>
    internal sealed class Slot(EtrPreset preset)
    {
        public TraceBuilder Builder { get; set; } = new(preset);

        public int Attempt { get; set; }

        public string Sampler { get; set; } = "";

        public Guid Epoch { get; set; }

        public SiloAddress? Silo { get; set; }

        /// <summary>Whether the newest lease was granted to the group alone.</summary>
        public bool Alone { get; set; }

        /// <summary>The policy version of the newest lease.</summary>
        public long PolicyVersion { get; set; }

        /// <summary>The live lease; empty where nobody draws.</summary>
        public Guid Lease { get; set; }

        /// <summary>The lease under which the trace ended.</summary>
        public Guid LastLease { get; set; }

        public TraceEnd? Ending { get; set; }

        /// <summary>The spans of the leases that have ended.</summary>
        public List<string> Traces { get; } = [];
    }
}

/// <summary>What a report changed.</summary>
/// <param name="Tokens">New tokens.</param>
/// <param name="Steps">Reasoning steps that ended, or whose entropy moved, in order.</param>
/// <param name="Ended">Whether the trace is over now.</param>
internal sealed record ReportEffect(int Tokens, IReadOnlyList<StepProgress> Steps, bool Ended);

/// <summary>A reasoning step as it ended: its entropy and the trend with it (nats).</summary>
internal readonly record struct StepProgress(int Step, double Entropy, double Trend);
