using Etr.Dashboard.History;
using Etr.Dashboard.Reading;

namespace Etr.Dashboard.Trend;

/// <summary>The traces of a run's newest groups, in bounded memory. Lock it to read.</summary>
internal sealed class TraceCloud(string run)
{
    /// <summary>Traces at most.</summary>
    public const int MostPoints = 1_500;

    private const int MostGroups = 64;
    private const int MostReadings = 6;

    private readonly Queue<TracePoint> _points = [];
    private readonly HashSet<long> _known = [];
    private int _reading;

    public string Run => run;

    /// <summary>Rises with each group.</summary>
    public long Version { get; private set; }

    /// <summary>Groups whose traces are not on this server.</summary>
    public int Absent { get; private set; }

    /// <summary>The traces, oldest first.</summary>
    public IReadOnlyCollection<TracePoint> Points => _points;

    /// <summary>Reads some of the newest groups that are not known yet: bodies are large, so a few at a time, each once for all who watch.</summary>
    public async Task UpdateAsync(RunHistory history, IRunReader reader, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) == 1)
            return;
        try
        {
            (int Step, long Ordinal)[] newest;
            lock (history)
                newest = [.. history.Newest.Reverse().SelectMany(step => step.Ordinals.Select(ordinal => (step.Step, ordinal))).DistinctBy(group => group.ordinal).Take(MostGroups)];
            // Oldest first, so that the queue forgets in the order of training.
            foreach (var (step, ordinal) in newest.Reverse().Where(group => !_known.Contains(group.Ordinal)).Take(MostReadings).ToArray())
                Add(step, ordinal, await reader.GetGroupAsync(run, ordinal, cancellationToken));
            lock (this)
                _known.IntersectWith(newest.Select(group => group.Ordinal));
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }

    private void Add(int step, long ordinal, Etr.Grains.Groups.GroupView group)
    {
        lock (this)
        {
            _known.Add(ordinal);
            if (group.Traces.Count == 0)
                Absent++;
            foreach (var point in TracePoint.Of(group, step))
            {
                _points.Enqueue(point);
                if (_points.Count > MostPoints)
                    _points.Dequeue();
            }

            Version++;
        }
    }
}

/// <summary>The clouds of the runs that were looked at last.</summary>
internal sealed class TraceClouds
{
    private const int MostRuns = 4;

    private readonly Lock _lock = new();
    private readonly List<TraceCloud> _clouds = [];

    /// <summary>The cloud of a run, empty where nothing of it was read.</summary>
    public TraceCloud Of(string run)
    {
        lock (_lock)
        {
            var cloud = _clouds.Find(c => c.Run == run) ?? new TraceCloud(run);
            _clouds.Remove(cloud);
            _clouds.Add(cloud);
            if (_clouds.Count > MostRuns)
                _clouds.RemoveAt(0);
            return cloud;
        }
    }
}
