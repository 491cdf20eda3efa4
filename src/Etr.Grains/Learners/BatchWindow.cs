namespace Etr.Grains.Learners;

/// <summary>
/// The sealed groups in a learner's hands, above its low-water mark. A step's batch is the first groups by ordinal with
/// nothing undecided before them, so it never depends on the order of arrival.
/// </summary>
internal sealed class BatchWindow(long mark)
{
    private readonly SortedDictionary<long, GroupSubmission> _held = [];
    private readonly SortedSet<long> _skipped = [];
    private readonly Dictionary<long, long> _arrivals = [];
    private long _arrived;
    private long _skippedBefore;

    /// <summary>Every ordinal below is decided.</summary>
    public long Mark { get; private set; } = mark;

    public int HeldCount => _held.Count;

    /// <summary>Takes a group in hand. False where its ordinal is decided already.</summary>
    public bool Hold(GroupSubmission submission)
    {
        if (submission.Ordinal < Mark || IsSkipped(submission.Ordinal))
            return false;
        _held[submission.Ordinal] = submission;
        _arrivals.TryAdd(submission.Ordinal, _arrived++);
        return true;
    }

    /// <summary>These ordinals, and all before <paramref name="before"/> that are not in hand, will not come.</summary>
    public void Skip(long before, IEnumerable<long> ordinals)
    {
        _skippedBefore = Math.Max(_skippedBefore, before);
        foreach (long ordinal in ordinals.Where(ordinal => ordinal >= Mark))
        {
            Drop(ordinal);
            _skipped.Add(ordinal);
        }
    }

    /// <summary>Lets go of a group whose body is lost: it will be submitted again.</summary>
    public void Drop(long ordinal)
    {
        _held.Remove(ordinal);
        _arrivals.Remove(ordinal);
    }

    /// <summary>The group of a batch that came last: the one that the learner waited for.</summary>
    public GroupSubmission LastOf(IReadOnlyList<GroupSubmission> batch) => batch.MaxBy(group => _arrivals.GetValueOrDefault(group.Ordinal))!;

    /// <summary>The next batch of <paramref name="count"/> groups, ascending by ordinal; null while one is missing.</summary>
    public IReadOnlyList<GroupSubmission>? Next(int count)
    {
        var batch = new List<GroupSubmission>(count);
        for (long ordinal = Mark; batch.Count < count; ordinal++)
        {
            if (_held.TryGetValue(ordinal, out GroupSubmission? submission))
                batch.Add(submission);
            else if (!IsSkipped(ordinal))
                return null;
        }

        return batch;
    }

    /// <summary>A batch is committed: everything up to its last ordinal is decided.</summary>
    public void Commit(IReadOnlyList<GroupSubmission> batch)
    {
        Mark = batch[^1].Ordinal + 1;
        foreach (long ordinal in _held.Keys.TakeWhile(ordinal => ordinal < Mark).ToArray())
            Drop(ordinal);
        _skipped.RemoveWhere(ordinal => ordinal < Mark);
    }

    private bool IsSkipped(long ordinal) => !_held.ContainsKey(ordinal) && (ordinal < _skippedBefore || _skipped.Contains(ordinal));
}
