namespace Etr.Grains.Samplers;

/// <summary>
/// The book of samplers and leases: the rules alone, without a grain around them. Time is measured here and nowhere else;
/// what voids a lease is returned, for the caller to tell the groups.
/// </summary>
/// <remarks>
/// <para>
/// A lease is lost by a <em>crash</em> where the process that drew it is gone and had not said that it goes: membership calls
/// its silo dead, or another silo beats under the sampler's name (a process that came back so fast that membership has no
/// verdict yet). A sampler that left, or was draining when it died, did not crash; neither did one that was only silent or
/// whose grain came up again in the same process. The trace may have killed the process, so the group is told.
/// </para>
/// <para>
/// The book may die with the process it has to judge. Therefore each lease names its silo, which the group writes down with
/// it: whoever keeps the next book can tell from <see cref="FindDead"/> alone, without having heard of the sampler.
/// </para>
/// </remarks>
/// <param name="time">The clock.</param>
/// <param name="expiry">After how long without a heartbeat a sampler counts as lost.</param>
/// <param name="isDead">Membership's verdict on a silo; false for one that it does not know (yet).</param>
internal sealed partial class SamplerPool(TimeProvider time, TimeSpan expiry, Func<SiloAddress, bool> isDead)
{
    // In expiries: by then every group has asked for its leases at a touch.
    private const int LeftMemory = 10;

    private readonly Dictionary<string, Sampler> _samplers = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, Lease> _leases = [];
    private readonly Dictionary<string, (Guid Epoch, long At)> _left = new(StringComparer.Ordinal);
    private readonly long _start = time.GetTimestamp();

    public int LeaseCount => _leases.Count;

    /// <summary>Slots that may still be granted.</summary>
    public int FreeSlots => _samplers.Values.Where(sampler => !sampler.IsDraining).Sum(sampler => sampler.Room);

    /// <summary>Whether there is any chance that samplers of an earlier activation have not been heard of yet.</summary>
    public bool IsYoung => time.GetElapsedTime(_start) < expiry;

    /// <summary>A sampler lives. Returns the leases that this voids; <paramref name="stop"/> are those it should no longer draw.</summary>
    public Lease[] Heartbeat(SamplerHeartbeat heartbeat, out Guid[] stop)
    {
        // A message that was under way when its sampler left or its process died brings neither back.
        if (isDead(heartbeat.Silo) || HasLeft(heartbeat.Sampler, heartbeat.Epoch))
        {
            stop = [.. heartbeat.Leases.Select(held => held.Lease)];
            return [];
        }

        var voided = new List<Lease>();
        if (_samplers.TryGetValue(heartbeat.Sampler, out Sampler? sampler) && sampler.Epoch != heartbeat.Epoch)
        {
            bool crashed = !sampler.Silo.Equals(heartbeat.Silo);
            voided.AddRange(Remove(sampler, crashed ? "its silo was started again" : "the sampler was restarted", crashed));
            sampler = null;
        }

        bool isNew = sampler is null;
        sampler ??= _samplers[heartbeat.Sampler] = new Sampler(heartbeat.Sampler, heartbeat.Epoch, heartbeat.Silo, heartbeat.Device);
        (sampler.Capacity, sampler.TokensPerSecond, sampler.State, sampler.LastBeat) = (heartbeat.Capacity, heartbeat.TokensPerSecond, heartbeat.State, time.GetTimestamp());
        (sampler.MemoryBytes, sampler.MemoryHalvings, sampler.CacheTokens) = (heartbeat.MemoryBytes, heartbeat.MemoryHalvings, heartbeat.CacheTokens);

        // Whoever drains goes: a beat sent before the decision and overtaken by it changes nothing.
        sampler.IsDraining |= heartbeat.Draining;

        var unknown = new List<Guid>();
        foreach (HeldLease held in heartbeat.Leases)
        {
            if (_leases.TryGetValue(held.Lease, out Lease? lease))
                lease.LastSeen = time.GetTimestamp();
            else if (isNew)
                Add(sampler, held.Lease, held.Group, held.Slot, held.Alone);
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
    /// loaded. Null where there is no room; where no sampler could hold all slots, as many as one has room for. A group that is
    /// to be alone gets as many as fit on a sampler that is free for it.
    /// </summary>
    public LeaseGrant? TryLease(LeaseRequest request)
    {
        Sampler? chosen = request.Alone ? ChooseAlone(request) : Choose(request);
        if (chosen is null)
            return null;

        SlotLease[] leases = [.. request.Slots.Take(chosen.Room).Select(slot => new SlotLease(Guid.NewGuid(), slot))];
        foreach (SlotLease lease in leases)
            Add(chosen, lease.Lease, request.Group, lease.Slot, request.Alone);
        return new LeaseGrant { Sampler = chosen.Key, Epoch = chosen.Epoch, Leases = leases, Reason = "", Silo = chosen.Silo, Alone = request.Alone };
    }

    /// <summary>An empty grant that says why.</summary>
    public LeaseGrant Refuse(bool alone = false)
    {
        Sampler[] open = [.. _samplers.Values.Where(sampler => !sampler.IsDraining)];
        return Refusal(
            _samplers.Count == 0 ? "no sampler is live"
            : open.Length == 0 ? "every sampler is draining"
            : open.All(sampler => sampler.Capacity == 0) ? $"every sampler is left alone for a while ({open[0].State})"
            : alone ? "no sampler is free to draw it alone"
            : $"all {open.Sum(sampler => sampler.Capacity)} slots are taken");
    }

    public static LeaseGrant Refusal(string reason) => new() { Sampler = "", Epoch = Guid.Empty, Leases = [], Reason = reason };

    /// <summary>These leases' draws have ended. Returns those that were not given back.</summary>
    public Lease[] End(IEnumerable<Guid> leases) =>
        [.. leases.Select(id => _leases.GetValueOrDefault(id)).OfType<Lease>().Select(lease => Remove(lease, "its draw has ended"))];

    public void Release(IEnumerable<Guid> leases)
    {
        foreach (Guid id in leases)
        {
            if (_leases.TryGetValue(id, out Lease? lease))
                Remove(lease, "");
        }
    }

    /// <summary>
    /// Which of a group's leases are not live, and whether they were lost by a crash. A pool that has just come up does not
    /// know of all samplers yet; membership's verdict on the silo it need not wait for.
    /// </summary>
    public DeadLeases FindDead(string sampler, Guid epoch, SiloAddress? silo, Guid[] leases)
    {
        Sampler? known = _samplers.GetValueOrDefault(sampler);
        if (known?.Epoch == epoch)
            return new DeadLeases([.. leases.Where(lease => !_leases.ContainsKey(lease))], Crashed: false);
        if (HasLeft(sampler, epoch))
            return new DeadLeases(leases, Crashed: false);
        bool crashed = silo is not null && (isDead(silo) || (known is not null && !known.Silo.Equals(silo)));
        return !crashed && known is null && IsYoung ? new DeadLeases([], Crashed: false) : new DeadLeases(leases, crashed);
    }

    /// <summary>Drops samplers that were not heard of for too long or whose silo is dead.</summary>
    public Lease[] Expire()
    {
        var voided = new List<Lease>();
        foreach (Sampler sampler in _samplers.Values.ToArray())
        {
            if (isDead(sampler.Silo))
                voided.AddRange(Remove(sampler, "its silo is gone", crashed: true));
            else if (time.GetElapsedTime(sampler.LastBeat) > expiry)
                voided.AddRange(Remove(sampler, $"its sampler was silent for {expiry.TotalSeconds:0.###} s"));
        }

        foreach (string key in _left.Where(entry => time.GetElapsedTime(entry.Value.At) > LeftMemory * expiry).Select(entry => entry.Key).ToArray())
            _left.Remove(key);
        ForgetWishes();
        return [.. voided];
    }

    public Lease[] Leave(string key, Guid epoch)
    {
        _left[key] = (epoch, time.GetTimestamp());
        return _samplers.TryGetValue(key, out Sampler? sampler) && sampler.Epoch == epoch ? Remove(sampler, "its sampler leaves") : [];
    }

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
            Draining = sampler.IsDraining,
            MemoryHalvings = sampler.MemoryHalvings,
            CacheTokens = sampler.CacheTokens,
            State = sampler.State,
            MemoryBytes = sampler.MemoryBytes,
        }),
    ];

    private Sampler? Choose(LeaseRequest request)
    {
        HashSet<SiloAddress> kept = KeptFromOthers(request.Group);
        Sampler[] open = [.. _samplers.Values.Where(sampler => !sampler.IsDraining && !kept.Contains(sampler.Silo))];
        int least = open.Length == 0 ? 0 : Math.Min(request.Slots.Length, open.Max(sampler => sampler.Capacity));
        return open
            .Where(sampler => sampler.Room >= least && sampler.Room > 0)
            .OrderByDescending(sampler => sampler.Leases.Any(lease => lease.Group == request.Group))
            .ThenBy(sampler => sampler.Leases.Count / (double)sampler.Capacity)
            .ThenBy(sampler => sampler.Key, StringComparer.Ordinal)
            .FirstOrDefault();
    }

    private bool HasLeft(string sampler, Guid epoch) => _left.TryGetValue(sampler, out (Guid Epoch, long At) left) && left.Epoch == epoch;

    private void Add(Sampler sampler, Guid id, string group, int slot, bool alone)
    {
        var lease = new Lease(id, group, slot, sampler, alone) { LastSeen = time.GetTimestamp() };
        _leases.Add(id, lease);
        sampler.Leases.Add(lease);
        if (alone)
            _alone.Add(lease);
    }

    private Lease Remove(Lease lease, string reason, bool crashed = false)
    {
        _leases.Remove(lease.Id);
        _alone.Remove(lease);
        lease.Sampler.Leases.Remove(lease);
        (lease.Reason, lease.Crashed) = (reason, crashed);
        return lease;
    }

    private Lease[] Remove(Sampler sampler, string reason, bool crashed = false)
    {
        _samplers.Remove(sampler.Key);

        // It had said that it goes: that its process ended is no news of its traces.
        if (sampler.IsDraining)
            _left[sampler.Key] = (sampler.Epoch, time.GetTimestamp());
        return [.. sampler.Leases.ToArray().Select(lease => Remove(lease, reason, crashed && !sampler.IsDraining))];
    }

    /// <summary>A granted lease.</summary>
    internal sealed class Lease(Guid id, string group, int slot, Sampler sampler, bool alone)
    {
        public Guid Id => id;

        public string Group => group;

        public int Slot => slot;

        public Sampler Sampler => sampler;

        /// <summary>Whether nothing else may be drawn in the process meanwhile.</summary>
        public bool Alone => alone;

        public long LastSeen { get; set; }

        /// <summary>Why it was voided.</summary>
        public string Reason { get; set; } = "";

        /// <summary>Whether it was lost with the process that drew it.</summary>
        public bool Crashed { get; set; }
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

        public string State { get; set; } = "";

        public long MemoryBytes { get; set; }

        public long LastBeat { get; set; }

        public int MemoryHalvings { get; set; }

        public long CacheTokens { get; set; }

        /// <summary>Whether it takes no new lease and will leave.</summary>
        public bool IsDraining { get; set; }

        public int Room => Math.Max(0, Capacity - Leases.Count);
    }
}
