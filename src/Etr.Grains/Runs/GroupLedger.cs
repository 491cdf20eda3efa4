namespace Etr.Grains.Runs;

/// <summary>What became of a dealt group.</summary>
public enum GroupOutcome
{
    /// <summary>Trained on in a committed step.</summary>
    Consumed,

    /// <summary>Dropped for staleness.</summary>
    Stale,

    /// <summary>Cancelled: see <see cref="GroupCancellation.Filtered"/>.</summary>
    Filtered,

    /// <summary>Cancelled: see <see cref="GroupCancellation.Quarantined"/>.</summary>
    Quarantined,

    /// <summary>Cancelled: see <see cref="GroupCancellation.Unscorable"/>.</summary>
    Unscorable,

    /// <summary>Cancelled: see <see cref="GroupCancellation.Operator"/>.</summary>
    Operator,
}

/// <summary>
/// The accounting of a run: every dealt ordinal is open or has exactly one outcome, given once. All ordinals below the
/// low-water mark are decided; above it the decided ones are named. So it grows with the window, never with the run.
/// </summary>
[GenerateSerializer, Alias("etr.group-ledger")]
internal sealed class GroupLedger
{
    [Id(0)] private readonly long[] _below = new long[Enum.GetValues<GroupOutcome>().Length];
    [Id(1)] private readonly SortedDictionary<long, GroupOutcome> _above = [];

    /// <summary>Ordinals dealt; the next one to deal.</summary>
    [Id(2)] public long Created { get; private set; }

    /// <summary>Every ordinal below is decided.</summary>
    [Id(3)] public long Mark { get; private set; }

    public int OpenCount => (int)(Created - Mark) - _above.Count;

    /// <summary>The open ordinals, ascending.</summary>
    public IEnumerable<long> Open
    {
        get
        {
            for (long ordinal = Mark; ordinal < Created; ordinal++)
            {
                if (!_above.ContainsKey(ordinal))
                    yield return ordinal;
            }
        }
    }

    /// <summary>Ordinals above the mark that will never be consumed.</summary>
    public long[] Skipped => [.. _above.Where(entry => entry.Value != GroupOutcome.Consumed).Select(entry => entry.Key)];

    public void Deal(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        Created += count;
    }

    /// <summary>Moves an open ordinal to its outcome. False, and nothing changed, where it has one already.</summary>
    public bool Move(long ordinal, GroupOutcome outcome)
    {
        if (ordinal < 0 || ordinal >= Created)
            throw new ArgumentOutOfRangeException(nameof(ordinal), ordinal, $"{Created} ordinals have been dealt.");
        if (ordinal < Mark || !_above.TryAdd(ordinal, outcome))
            return false;

        while (_above.Remove(Mark, out GroupOutcome decided))
        {
            _below[(int)decided]++;
            Mark++;
        }

        return true;
    }

    /// <summary>Whether an ordinal that no step has consumed was dropped for want of signal.</summary>
    public bool IsDropped(long ordinal) => ordinal < Mark || (_above.TryGetValue(ordinal, out GroupOutcome outcome) && outcome == GroupOutcome.Filtered);

    public LedgerCounts Counts => new()
    {
        Created = Created,
        Consumed = Count(GroupOutcome.Consumed),
        Stale = Count(GroupOutcome.Stale),
        Filtered = Count(GroupOutcome.Filtered),
        Quarantined = Count(GroupOutcome.Quarantined),
        Unscorable = Count(GroupOutcome.Unscorable),
        Operator = Count(GroupOutcome.Operator),
        Open = Open.LongCount(),
    };

    private long Count(GroupOutcome outcome) => _below[(int)outcome] + _above.Values.Count(value => value == outcome);
}
