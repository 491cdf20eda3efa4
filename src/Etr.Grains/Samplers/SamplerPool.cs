namespace Etr.Grains.Samplers;

/// <summary>
/// The book of samplers and leases: the rules alone, without a grain around them. Time is measured here and nowhere else;
/// what voids a lease is returned, for the caller to tell the groups.
/// </summary>
internal sealed class SamplerPool(TimeProvider time, TimeSpan expiry)
{
    private readonly Dictionary<string, Sampler> _samplers = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, Lease> _leases = [];
    private readonly long _start = time.GetTimestamp();

    public int LeaseCount => _leases.Count;

    public bool HasSamplers => _samplers.Count > 0;

    /// <summary>Whether there is any chance that samplers of an earlier activation have not been heard of yet.</summary>
    private bool IsYoung => time.GetElapsedTime(_start) < expiry;

    /// <summary>A sampler lives. Returns the leases that this voids; <paramref name="stop"/> are those it should no longer draw.</summary>
    public Lease[] Heartbeat(SamplerHeartbeat heartbeat, out Guid[] stop)
    {
        var voided = new List<Lease>();
        if (_samplers.TryGetValue(heartbeat.Sampler, out Sampler? sampler) && sampler.Epoch != heartbeat.Epoch)
        {
            voided.AddRange(Remove(sampler, "the sampler was restarted"));
            sampler = null;
        }

        bool isNew = sampler is null;
        sampler ??= _samplers[heartbeat.Sampler] = new Sampler(heartbeat.Sampler, heartbeat.Epoch, heartbeat.Silo, heartbeat.Device);
        (sampler.Capacity, sampler.TokensPerSecond, sampler.LastBeat) = (heartbeat.Capacity, heartbeat.TokensPerSecond, time.GetTimestamp());

        var unknown = new List<Guid>();
        foreach (HeldLease held in heartbeat.Leases)
        {
            if (_leases.TryGetValue(held.Lease, out Lease? lease))
                lease.LastSeen = time.GetTimestamp();
            else if (isNew)
                Add(sampler, held.Lease, held.Group, held.Slot);
            else
                unknown.Add(held.Lease);
        }

        stop = [.. unknown];
        foreach (Lease lost in sampler.Leases.Where(lease => time.GetElapsedTime(lease.LastSeen) > expiry).ToArray())
            voided.Add(Remove(lost, "its sampler does not draw it"));
        return [.. voided];
    }

    /// <summary>
    /// Leases for a group: all on one sampler, on one that draws for the group already where it has room, else on the least
    /// loaded. Null where there is no room; where no sampler could ever hold all slots, as many as one has room for.
    /// </summary>
    public LeaseGrant? TryLease(LeaseRequest request)
    {
        int wanted = request.Slots.Length;
        if (_samplers.Count == 0)
            return null;
        int largest = _samplers.Values.Max(sampler => sampler.Capacity);
        int least = Math.Min(wanted, largest);
        Sampler? chosen = _samplers.Values
            .Where(sampler => sampler.Room >= least && sampler.Room > 0)
            .OrderByDescending(sampler => sampler.Leases.Any(lease => lease.Group == request.Group))
            .ThenBy(sampler => sampler.Leases.Count / (double)sampler.Capacity)
            .ThenBy(sampler => sampler.Key, StringComparer.Ordinal)
            .FirstOrDefault();
        if (chosen is null)
            return null;

        SlotLease[] leases = [.. request.Slots.Take(chosen.Room).Select(slot => new SlotLease(Guid.NewGuid(), slot))];
        foreach (SlotLease lease in leases)
            Add(chosen, lease.Lease, request.Group, lease.Slot);
        return new LeaseGrant { Sampler = chosen.Key, Epoch = chosen.Epoch, Leases = leases, Reason = "" };
    }

    /// <summary>An empty grant that says why.</summary>
    public LeaseGrant Refuse() => new()
    {
        Sampler = "",
        Epoch = Guid.Empty,
        Leases = [],
        Reason = _samplers.Count == 0 ? "no sampler is live" : $"all {_samplers.Values.Sum(sampler => sampler.Capacity)} slots are taken",
    };

    public void Release(IEnumerable<Guid> leases)
    {
        foreach (Guid id in leases)
        {
            if (_leases.TryGetValue(id, out Lease? lease))
                Remove(lease, "");
        }
    }

    /// <summary>Which of a group's leases are not live. A pool that has just come up does not know of all samplers yet.</summary>
    public Guid[] FindDead(string sampler, Guid epoch, Guid[] leases)
    {
        if (!_samplers.TryGetValue(sampler, out Sampler? known))
            return IsYoung ? [] : leases;
        return known.Epoch != epoch ? leases : [.. leases.Where(lease => !_leases.ContainsKey(lease))];
    }

    /// <summary>Drops samplers that were not heard of for too long or whose silo is gone.</summary>
    public Lease[] Expire(Func<SiloAddress, bool> isGone)
    {
        var voided = new List<Lease>();
        foreach (Sampler sampler in _samplers.Values.ToArray())
        {
            if (isGone(sampler.Silo))
                voided.AddRange(Remove(sampler, "its silo is gone"));
            else if (time.GetElapsedTime(sampler.LastBeat) > expiry)
                voided.AddRange(Remove(sampler, $"its sampler was silent for {expiry.TotalSeconds:0.###} s"));
        }

        return [.. voided];
    }

    public Lease[] Leave(string key, Guid epoch) =>
        _samplers.TryGetValue(key, out Sampler? sampler) && sampler.Epoch == epoch ? Remove(sampler, "its sampler leaves") : [];

    public SamplerStatus[] Status() =>
    [
        .. _samplers.Values.OrderBy(sampler => sampler.Key, StringComparer.Ordinal).Select(sampler => new SamplerStatus
        {
            Sampler = sampler.Key,
            Device = sampler.Device,
            Capacity = sampler.Capacity,
            Used = sampler.Leases.Count,
            TokensPerSecond = sampler.TokensPerSecond,
            HeartbeatAgeSeconds = time.GetElapsedTime(sampler.LastBeat).TotalSeconds,
        }),
    ];

    private void Add(Sampler sampler, Guid id, string group, int slot)
    {
        var lease = new Lease(id, group, slot, sampler) { LastSeen = time.GetTimestamp() };
        _leases.Add(id, lease);
        sampler.Leases.Add(lease);
    }

    private Lease Remove(Lease lease, string reason)
    {
        _leases.Remove(lease.Id);
        lease.Sampler.Leases.Remove(lease);
        lease.Reason = reason;
        return lease;
    }

    private Lease[] Remove(Sampler sampler, string reason)
    {
        _samplers.Remove(sampler.Key);
        return [.. sampler.Leases.ToArray().Select(lease => Remove(lease, reason))];
    }

    /// <summary>A granted lease.</summary>
    internal sealed class Lease(Guid id, string group, int slot, Sampler sampler)
    {
        public Guid Id => id;

        public string Group => group;

        public int Slot => slot;

        public Sampler Sampler => sampler;

        public long LastSeen { get; set; }

        /// <summary>Why it was voided.</summary>
        public string Reason { get; set; } = "";
    }

    /// <summary>A live sampler.</summary>
    internal sealed class Sampler(string key, Guid epoch, SiloAddress silo, string device)
    {
        public string Key => key;

        public Guid Epoch => epoch;

        public SiloAddress Silo => silo;

        public string Device => device;

        public HashSet<Lease> Leases { get; } = [];

        public int Capacity { get; set; }

        public double TokensPerSecond { get; set; }

        public long LastBeat { get; set; }

        public int Room => Math.Max(0, Capacity - Leases.Count);
    }
}
