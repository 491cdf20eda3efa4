using Etr.Policy.Memory;

namespace Etr.Policy.Rollouts;

/// <summary>Slots that wait for room, in the order in which they are to enter: those of one request together.</summary>
internal sealed class WaitingSlots
{
    private readonly LinkedList<IReadOnlyList<SlotDecode>> _requests = new();

    /// <summary>Slots.</summary>
    public int Count => _requests.Sum(slots => slots.Count);

    /// <summary>They come last.</summary>
    /// <param name="slots">At least one, of one request.</param>
    public void Add(IReadOnlyList<SlotDecode> slots) => _requests.AddLast(slots);

    /// <summary>They go before all others.</summary>
    /// <param name="slots">At least one, of one request.</param>
    public void AddFirst(IReadOnlyList<SlotDecode> slots) => _requests.AddFirst(slots);

    /// <summary>The slots that are next, of one request; they stay. False where none waits.</summary>
    public bool TryPeek(out IReadOnlyList<SlotDecode> slots)
    {
        slots = _requests.First?.Value ?? [];
        return slots.Count > 0;
    }

    /// <summary>Takes out the first <paramref name="count"/> of the slots that are next.</summary>
    public void Take(int count)
    {
        IReadOnlyList<SlotDecode> slots = _requests.First!.Value;
        _requests.RemoveFirst();
        if (count < slots.Count)
            _requests.AddFirst([.. slots.Skip(count)]);
    }

    /// <summary>Takes out slots wherever they are.</summary>
    public void Remove(Predicate<SlotDecode> unwanted)
    {
        for (LinkedListNode<IReadOnlyList<SlotDecode>>? node = _requests.First; node is not null;)
        {
            LinkedListNode<IReadOnlyList<SlotDecode>>? next = node.Next;
            SlotDecode[] kept = [.. node.Value.Where(slot => !unwanted(slot))];
            if (kept.Length == 0)
                _requests.Remove(node);
            else
                node.Value = kept;
            node = next;
        }
    }

    /// <summary>
    /// How many of a request's slots fit, from the first on, and the blocks they need: a prompt's full blocks once, the rest and one to go
    /// on with for each.
    /// </summary>
    public static (int Slots, long Blocks) Fitting(IReadOnlyList<SlotDecode> slots, int freeSlots, long freeBlocks)
    {
        long needed = 0;
        bool read = false;
        for (int i = 0; i < slots.Count; i++)
        {
            int own = CacheBudget.BlocksOf(slots[i].GivenLength + 1L);
            if (!slots[i].HasPrefix)
            {
                own -= read ? slots[i].GivenLength / CacheBudget.BlockTokens : 0;
                read = true;
            }

            if (i >= freeSlots || needed + own > freeBlocks)
                return (i, needed);
            needed += own;
        }

        return (slots.Count, needed);
    }
}
