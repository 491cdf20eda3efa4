using Etr.Grains.Runs;

namespace Etr.Dashboard.History;

/// <summary>
/// The committed steps of one run in bounded memory, however long it is: at most <see cref="MostPoints"/> stretches, which are joined two
/// and two when there are more, and the newest steps whole. Lock it to read.
/// </summary>
internal sealed class RunHistory(string run)
{
    /// <summary>Points of a figure at most.</summary>
    public const int MostPoints = 2_000;

    /// <summary>Newest steps kept whole.</summary>
    public const int MostWhole = 400;

    private const int MostSkipped = 200;

    private readonly List<StepPoint> _points = [];
    private readonly Queue<StepSummary> _newest = [];
    private readonly Queue<int> _skipped = [];
    private StepSummary? _first;
    private int _span = 1;

    public string Run => run;

    /// <summary>The figures, in the order of a point's values; those that every run has before the first step.</summary>
    public IReadOnlyList<StepMetric> Metrics { get; private set; } = StepMetrics.All;

    /// <summary>Steps of a whole stretch: 1 while nothing has been joined.</summary>
    public int Span => _span;

    /// <summary>Rises by one with each step.</summary>
    public long Version { get; private set; }

    /// <summary>Rises where points were joined, so that earlier ones are no longer what they were.</summary>
    public int Generation { get; private set; }

    /// <summary>The last step; 0 before the first.</summary>
    public int LastStep { get; private set; }

    /// <summary>Stretches, oldest first.</summary>
    public IReadOnlyList<StepPoint> Points => _points;

    /// <summary>The newest steps, oldest first.</summary>
    public IReadOnlyCollection<StepSummary> Newest => _newest;

    /// <summary>The first step; null before it.</summary>
    public StepSummary? First => _first;

    /// <summary>The newest steps whose update was skipped, oldest first.</summary>
    public IReadOnlyCollection<int> Skipped => _skipped;

    /// <summary>Adds the next step. One that is known already changes nothing.</summary>
    public void Add(StepSummary step)
    {
        if (step.Step <= LastStep)
            return;
        if (_first is null)
            (_first, Metrics) = (step, StepMetrics.Of(step));

        var point = PointOf(step);
        if (_points.Count > 0 && _points[^1].Count < _span)
            _points[^1].Merge(point);
        else
            _points.Add(point);
        if (_points.Count > MostPoints)
            Halve();

        Remember(_newest, step, MostWhole);
        if (!step.Applied)
            Remember(_skipped, step.Step, MostSkipped);
        LastStep = step.Step;
        Version++;
    }

    /// <summary>A step as a stretch of its own.</summary>
    public StepPoint PointOf(StepSummary step) =>
        new(step.Step, [.. Metrics.Select(metric => (float)metric.Of(step))], [.. step.EntropyByStep.Take(MostProfile).Select(entropy => (float)entropy)]);

    /// <summary>Reasoning steps of a profile at most.</summary>
    public const int MostProfile = 32;

    /// <summary>Where a metric stands in a point's values; −1 where this run does not have it.</summary>
    public int IndexOf(string key)
    {
        for (var i = 0; i < Metrics.Count; i++)
        {
            if (Metrics[i].Key == key)
                return i;
        }

        return -1;
    }

    /// <summary>A figure's values from the first step to the last, lowest and highest of each stretch.</summary>
    public IReadOnlyList<double> Series(int metric)
    {
        var values = new List<double>(_points.Count);
        foreach (var point in _points)
        {
            values.Add(point.Low[metric]);
            if (point.High[metric] > point.Low[metric])
                values.Add(point.High[metric]);
        }

        return values;
    }

    private void Halve()
    {
        var joined = new List<StepPoint>(_points.Count / 2 + 1);
        for (var i = 0; i < _points.Count; i += 2)
        {
            if (i + 1 < _points.Count)
                _points[i].Merge(_points[i + 1]);
            joined.Add(_points[i]);
        }

        _points.Clear();
        _points.AddRange(joined);
        _span *= 2;
        Generation++;
    }

    private static void Remember<T>(Queue<T> queue, T item, int most)
    {
        queue.Enqueue(item);
        if (queue.Count > most)
            queue.Dequeue();
    }
}
