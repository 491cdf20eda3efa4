namespace Etr.Grains.Samplers;

/// <summary>
/// Groups that are drawn alone, because one of their traces may have killed a process. What a crash takes down is a process,
/// so alone means alone on the silo: no other group on any of its samplers until the leases are gone.
/// </summary>
internal sealed partial class SamplerPool
{
    // An idle silo may come up by itself where a step ends; a lost slot should not wait much longer than that, since a step waits for it.
    private readonly TimeSpan _patience = expiry / 12;
    private readonly HashSet<Lease> _alone = [];
    private readonly Dictionary<string, Wish> _wishes = new(StringComparer.Ordinal);
    private (string Group, SiloAddress Silo)? _kept;

    private Sampler? ChooseAlone(LeaseRequest request)
    {
        long now = time.GetTimestamp();
        Wish wish = _wishes.GetValueOrDefault(request.Group) ?? (_wishes[request.Group] = new Wish(now));
        wish.LastAsked = now;
        HashSet<SiloAddress> kept = KeptFromOthers(request.Group);
        Sampler? chosen = _samplers.Values
            .Where(sampler => !sampler.IsDraining && sampler.Room > 0 && !kept.Contains(sampler.Silo) && IsFree(sampler, request.Group))
            .OrderByDescending(sampler => sampler.Leases.Count)
            .ThenByDescending(sampler => Math.Min(sampler.Room, request.Slots.Length))
            .ThenBy(sampler => sampler.Key, StringComparer.Ordinal)
            .FirstOrDefault();
        if (chosen is null)
        {
            KeepOneFree(request.Group, wish);
            return null;
        }

        _wishes.Remove(request.Group);
        if (_kept?.Group == request.Group)
            _kept = null;
        return chosen;
    }

    // The silo draws nothing, or this group on this sampler.
    private bool IsFree(Sampler sampler, string group) =>
        sampler.Leases.All(lease => lease.Group == group)
        && _samplers.Values.All(other => other == sampler || other.Leases.Count == 0 || !other.Silo.Equals(sampler.Silo));

    private HashSet<SiloAddress> KeptFromOthers(string group)
    {
        HashSet<SiloAddress> kept = [.. _alone.Where(lease => lease.Group != group).Select(lease => lease.Sampler.Silo)];
        if (_kept is { } waiting && waiting.Group != group)
            kept.Add(waiting.Silo);
        return kept;
    }

    // A busy pool never has an idle silo by itself. After a while one, the least loaded, gets nothing new until it is free; one
    // at a time, and not the last that draws for everybody else where another is held alone already: that one will be free.
    private void KeepOneFree(string group, Wish wish)
    {
        var open = _samplers.Values.Where(sampler => !sampler.IsDraining).GroupBy(sampler => sampler.Silo).ToArray();
        if (_kept is { } kept && !open.Any(silo => silo.Key.Equals(kept.Silo)))
            _kept = null;
        if (_kept is not null || time.GetElapsedTime(wish.Since) <= _patience)
            return;

        HashSet<SiloAddress> held = [.. _alone.Select(lease => lease.Sampler.Silo)];
        var shared = open.Where(silo => !held.Contains(silo.Key)).ToArray();
        if (shared.Length <= (held.Count > 0 ? 1 : 0))
            return;
        SiloAddress least = shared
            .OrderBy(silo => silo.Sum(sampler => sampler.Leases.Count) / (double)Math.Max(1, silo.Sum(sampler => sampler.Capacity)))
            .ThenBy(silo => silo.Min(sampler => sampler.Key), StringComparer.Ordinal)
            .First().Key;
        _kept = (group, least);
    }

    // A group that no longer asks was cancelled, or drawn after all.
    private void ForgetWishes()
    {
        foreach (string group in _wishes.Where(entry => time.GetElapsedTime(entry.Value.LastAsked) > expiry).Select(entry => entry.Key).ToArray())
            _wishes.Remove(group);
        if (_kept is { } kept && !_wishes.ContainsKey(kept.Group))
            _kept = null;
    }

    private sealed class Wish(long since)
    {
        public long Since => since;

        public long LastAsked { get; set; }
    }
}
