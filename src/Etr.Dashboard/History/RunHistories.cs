using Etr.Dashboard.Reading;

namespace Etr.Dashboard.History;

/// <summary>
/// The histories of the runs that were looked at last: read once for all who watch, and only while someone does.
/// </summary>
internal sealed class RunHistories(IRunReader reader) : IDisposable
{
    private const int MostRuns = 16;

    private readonly Lock _lock = new();
    private readonly List<Entry> _entries = [];

    /// <summary>A run's history up to at least its step <paramref name="upTo"/>, or as far as the run answers.</summary>
    /// <exception cref="TimeoutException">The run did not answer; what was read before is kept.</exception>
    public async Task<RunHistory> UpdateAsync(string run, int upTo, CancellationToken cancellationToken)
    {
        var entry = EntryOf(run);
        if (entry.History.LastStep >= upTo)
            return entry.History;

        // Whoever comes second waits for the first's reading and finds it done.
        await entry.Turn.WaitAsync(cancellationToken);
        try
        {
            while (entry.History.LastStep < upTo)
            {
                var steps = await reader.GetStepsAsync(run, entry.History.LastStep + 1, cancellationToken);
                if (steps.Count == 0)
                    break;
                lock (entry.History)
                {
                    foreach (var step in steps)
                        entry.History.Add(step);
                }
            }
        }
        finally
        {
            entry.Turn.Release();
        }

        return entry.History;
    }

    public void Dispose()
    {
        foreach (var entry in _entries)
            entry.Turn.Dispose();
    }

    private Entry EntryOf(string run)
    {
        lock (_lock)
        {
            var entry = _entries.Find(e => e.History.Run == run) ?? new Entry(new RunHistory(run), new SemaphoreSlim(1));
            // The one looked at last goes to the end; the one forgotten is whole again when it is asked for.
            _entries.Remove(entry);
            _entries.Add(entry);
            if (_entries.Count > MostRuns)
                _entries.RemoveAt(0);
            return entry;
        }
    }

    private sealed record Entry(RunHistory History, SemaphoreSlim Turn);
}
