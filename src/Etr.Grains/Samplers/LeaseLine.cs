namespace Etr.Grains.Samplers;

/// <summary>
/// Those who wait for leases, the oldest group first; a group's key parts equal ordinals of two runs. Nobody is overtaken,
/// except that a group which is to be alone holds up no one: it waits beside the others for a sampler of its own.
/// </summary>
/// <param name="pool">Grants the leases.</param>
/// <param name="most">Most groups that may wait; another is refused at once.</param>
internal sealed class LeaseLine(SamplerPool pool, int most = LeaseLine.MostWaiting)
{
    public const int MostWaiting = 100_000;

    private static readonly Comparer<(long Ordinal, string Group)> Oldest = Comparer<(long Ordinal, string Group)>.Create(
        (one, other) => one.Ordinal != other.Ordinal ? one.Ordinal.CompareTo(other.Ordinal) : string.CompareOrdinal(one.Group, other.Group));

    private readonly SortedDictionary<(long Ordinal, string Group), Waiter> _together = new(Oldest);
    private readonly SortedDictionary<(long Ordinal, string Group), Waiter> _alone = new(Oldest);

    /// <summary>Slots that are waited for.</summary>
    public int WaitingSlots { get; private set; }

    /// <summary>Groups in line.</summary>
    public int WaitingGroups => _together.Count + _alone.Count;

    /// <summary>When whoever waits longest joined, as the caller's clock had it; null where nobody waits.</summary>
    public long? OldestSince => WaitingGroups == 0 ? null : _together.Values.Concat(_alone.Values).Min(waiter => waiter.Since);

    /// <summary>Takes a place in line. A group asks once at a time: its second question ends the first, whose answer was lost.</summary>
    /// <param name="request">Its wish.</param>
    /// <param name="now">The caller's clock.</param>
    public Waiter Join(LeaseRequest request, long now = 0)
    {
        var waiter = new Waiter(request, now);
        foreach (var line in (SortedDictionary<(long, string), Waiter>[])[_together, _alone])
        {
            if (line.TryGetValue(waiter.Place, out Waiter? earlier))
            {
                waiter.Since = earlier.Since;
                Leave(earlier);
            }
        }

        if (_together.Count + _alone.Count >= most)
        {
            waiter.Answer(SamplerPool.Refusal($"{most} groups wait in line already"));
            return waiter;
        }

        LineOf(waiter).Add(waiter.Place, waiter);
        WaitingSlots += request.Slots.Length;
        return waiter;
    }

    /// <summary>Gives the place up; whoever has not been answered is refused, with the reason.</summary>
    public void Leave(Waiter waiter)
    {
        Remove(waiter);
        waiter.Answer(pool.Refuse(waiter.Request.Alone));
    }

    /// <summary>Grants what there is room for.</summary>
    public void Serve()
    {
        var alone = new Queue<Waiter>(_alone.Values);
        bool blocked = false;
        while (true)
        {
            Waiter? first = blocked ? null : _together.Values.FirstOrDefault();
            if (alone.TryPeek(out Waiter? lonely) && (first is null || Oldest.Compare(lonely.Place, first.Place) < 0))
                first = alone.Dequeue();
            if (first is null)
                return;

            if (pool.TryLease(first.Request) is { } grant)
            {
                Remove(first);
                first.Answer(grant);
            }
            else if (!first.Request.Alone)
            {
                // Without overtaking: a wish for many slots must not starve behind wishes for few.
                blocked = true;
            }
        }
    }

    private SortedDictionary<(long Ordinal, string Group), Waiter> LineOf(Waiter waiter) => waiter.Request.Alone ? _alone : _together;

    private void Remove(Waiter waiter)
    {
        if (!LineOf(waiter).TryGetValue(waiter.Place, out Waiter? still) || still != waiter)
            return;
        LineOf(waiter).Remove(waiter.Place);
        WaitingSlots -= waiter.Request.Slots.Length;
    }

    /// <summary>A group in line.</summary>
    internal sealed class Waiter(LeaseRequest request, long since)
    {
        // Continuations run on the pool's scheduler, never inside Serve.
        private readonly TaskCompletionSource<LeaseGrant> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LeaseRequest Request => request;

        /// <summary>When it joined.</summary>
        public long Since { get; set; } = since;

        public (long Ordinal, string Group) Place => (request.Ordinal, request.Group);

        public Task<LeaseGrant> Answered => _answer.Task;

        /// <summary>The first answer counts.</summary>
        public void Answer(LeaseGrant grant) => _answer.TrySetResult(grant);
    }
}
