using Etr.Grains.Samplers;
using Etr.Grains.Silos;

namespace Etr.Dashboard.Cluster;

/// <summary>
/// Who came, went and was lost, told from what the cluster says of itself from one moment to the next. The rules alone; lock it to read.
/// </summary>
internal sealed class ClusterLog
{
    private const int MostEvents = 300;

    private readonly Dictionary<string, string> _silos = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _samplers = new(StringComparer.Ordinal);
    private readonly Queue<MemberEvent> _events = [];
    private readonly HashSet<string> _remembered = new(StringComparer.Ordinal);
    private bool _begun;

    /// <summary>The newest changes, oldest first.</summary>
    public IReadOnlyCollection<MemberEvent> Events => _events;

    /// <summary>
    /// Takes in what membership remembers, once and before the first look: who came and went before this server began to look.
    /// </summary>
    /// <param name="members">Lives of silos.</param>
    public void Begin(IReadOnlyList<MemberLife> members)
    {
        if (_begun || _events.Count > 0)
            return;
        IEnumerable<MemberEvent> told = members.Select(life => new MemberEvent(life.StartedAt, life.Name, "joined", $"silo {life.Name} joined"))
            .Concat(members.Where(life => life.EndedAt is not null).Select(End));
        foreach (var happened in told.OrderBy(happened => happened.At).TakeLast(MostEvents))
            _events.Enqueue(happened);
        foreach (var life in members.Where(life => life.EndedAt is null))
            _remembered.Add(life.Name);
    }

    /// <summary>Takes in what the cluster says now.</summary>
    public void Look(IReadOnlyList<SiloStatusLine> silos, PoolStatus pool, DateTimeOffset now)
    {
        foreach (var silo in silos)
        {
            var known = _silos.TryGetValue(silo.Name, out var before);
            if (!known && !(_remembered.Remove(silo.Name) && !_begun))
                Tell(silo.Name, "joined", $"silo {silo.Name} {(_begun ? "joined" : "was there when this server began to look")}{Roles(silo)}");
            else if (before != silo.State && IsLeaving(silo.State) && !IsLeaving(before!))
                Tell(silo.Name, "draining", $"silo {silo.Name} leaves in good order");
            _silos[silo.Name] = silo.State;
        }

        foreach (var (name, state) in _silos.Where(entry => silos.All(silo => silo.Name != entry.Key)).ToArray())
        {
            // A draining sampler has said that its silo goes, even where nobody looked while membership had it so.
            var left = IsLeaving(state) || _samplers.Any(sampler => sampler.Value && sampler.Key.StartsWith(name + "/", StringComparison.Ordinal));
            Tell(name, left ? "left" : "lost", left ? $"silo {name} has left" : $"silo {name} was lost: membership calls it dead");
            _silos.Remove(name);
        }

        foreach (var sampler in pool.Samplers)
        {
            var known = _samplers.TryGetValue(sampler.Sampler, out var draining);
            if (!known)
                Tell(sampler.Sampler, "joined", $"sampler {sampler.Sampler} draws, {sampler.Capacity} slots");
            else if (sampler.Draining && !draining)
                Tell(sampler.Sampler, "draining", $"sampler {sampler.Sampler} takes no new lease and will leave");
            _samplers[sampler.Sampler] = sampler.Draining;
        }

        foreach (var (name, draining) in _samplers.Where(entry => pool.Samplers.All(sampler => sampler.Sampler != entry.Key)).ToArray())
        {
            // A pool that came up anew, as it may where another silo died, has not heard of all that live.
            if (pool.Young && silos.Any(silo => silo.State == "active" && name.StartsWith(silo.Name + "/", StringComparison.Ordinal)))
                continue;
            Tell(name, draining ? "left" : "lost", draining ? $"sampler {name} has left" : $"sampler {name} was lost: no heartbeat any more");
            _samplers.Remove(name);
        }

        _begun = true;
        _remembered.Clear();

        void Tell(string who, string kind, string text)
        {
            _events.Enqueue(new MemberEvent(now, who, kind, text));
            if (_events.Count > MostEvents)
                _events.Dequeue();
        }
    }

    private static MemberEvent End(MemberLife life) => life.End switch
    {
        MemberEnd.Left => new MemberEvent(life.EndedAt!.Value, life.Name, "left", $"silo {life.Name} has left"),
        MemberEnd.Lost => new MemberEvent(life.EndedAt!.Value, life.Name, "lost", $"silo {life.Name} was lost: membership calls it dead"),
        _ => new MemberEvent(life.EndedAt!.Value, life.Name, "ended", $"silo {life.Name} ended; membership does not say how"),
    };

    // A silo that has just come tells its roles a moment later.
    private static string Roles(SiloStatusLine silo) => silo.Roles == SiloRoles.None ? "" : $" ({SiloRolesText.Format(silo.Roles)})";

    private static bool IsLeaving(string state) => state is "shuttingdown" or "stopping";
}
