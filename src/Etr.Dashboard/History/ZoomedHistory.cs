using Etr.Dashboard.Charts;

namespace Etr.Dashboard.History;

/// <summary>
/// A run's history as one page shows it: joined stretches, and of the part that is zoomed into, where it is short enough, every step in
/// their place. Lock <see cref="History"/> to read.
/// </summary>
internal sealed class ZoomedHistory(RunHistory history)
{
    /// <summary>Steps that are shown whole at most, but for those that share a stretch with the first or the last.</summary>
    public const int MostSteps = 2_000;

    private StepPoint[] _whole = [];
    private bool _live;
    private int _changes;
    private int _epoch;

    /// <summary>The run's steps.</summary>
    public RunHistory History => history;

    /// <summary>Rises with each step, and each that is shown whole.</summary>
    public long Version => history.Version + _changes;

    /// <summary>Rises where rows before the last are no longer what they were.</summary>
    public int Generation => history.Generation + _epoch;

    /// <summary>The rows, oldest first.</summary>
    public IReadOnlyList<StepPoint> Points
    {
        get
        {
            if (_whole.Length == 0)
                return history.Points;
            var (from, to) = (_whole[0].First, _whole[^1].Last);
            // What is shown to the live end only grows: a stretch that begins there waits until its steps have been read.
            return [.. history.Points.Where(point => point.Last < from), .. _whole, .. _live ? [] : history.Points.Where(point => point.First > to)];
        }
    }

    /// <summary>
    /// The steps that a zoom wants to see whole, from the beginning of a stretch to the end of one; null where they are whole anyway, or
    /// more than <see cref="MostSteps"/>. What is shown already stays with it while there is room: a zoom that goes along with the run moves
    /// at every step.
    /// </summary>
    /// <param name="zoom">As URLs have it.</param>
    public (int From, int To)? Wanted(string zoom)
    {
        lock (history)
        {
            if (zoom.Length == 0 || history.Span == 1)
                return null;
            var (from, to) = ChartZoom.Of(zoom, history.LastStep);
            (from, to) = (Math.Max(1, from), Math.Min(to, history.LastStep));
            if (from > to || to - from >= MostSteps)
                return null;
            if (_whole.Length > 0 && Math.Max(to, _whole[^1].Last) - Math.Min(from, _whole[0].First) < MostSteps)
                (from, to) = (Math.Min(from, _whole[0].First), Math.Max(to, _whole[^1].Last));
            return (history.Points.First(point => point.Last >= from).First, history.Points.Last(point => point.First <= to).Last);
        }
    }

    /// <summary>Shows steps whole; none for joined stretches throughout.</summary>
    /// <param name="whole">Consecutive steps, a point each.</param>
    public void Show(IReadOnlyList<StepPoint> whole)
    {
        lock (history)
        {
            var (before, wasLive) = (_whole, _live);
            var grows = before.Length > 0 && whole.Count >= before.Length && whole[0].First == before[0].First && whole[before.Length - 1].Last == before[^1].Last;
            (_whole, _live) = ([.. whole], whole.Count > 0 && whole[^1].Last >= history.Points[^1].First);
            if (grows && _live == wasLive && (_live || whole.Count == before.Length))
                _changes += whole.Count - before.Length;
            else if (before.Length > 0 || whole.Count > 0)
                _epoch++;
        }
    }
}
