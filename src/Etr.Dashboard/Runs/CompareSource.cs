using System.Globalization;
using Etr.Dashboard.Charts;
using Etr.Dashboard.History;

namespace Etr.Dashboard.Runs;

/// <summary>Figures of several runs over the same steps; a column is a run's index, a colon and a figure's key.</summary>
internal sealed class CompareSource : IChartSource
{
    // Points of a run at most: overlaid lines are looked at from afar.
    private const int MostRows = 1_000;

    /// <summary>The runs.</summary>
    public IReadOnlyList<RunHistory> Runs { get; set; } = [];

    /// <summary>The column of a run's figure.</summary>
    public static string Column(int run, string metric) => string.Create(CultureInfo.InvariantCulture, $"{run}:{metric}");

    public byte[]? NextFrame(ChartCursor cursor, IReadOnlyList<string> columns)
    {
        // All of it where anything is new: runs that are compared are mostly over.
        var version = Runs.Sum(run => run.Version);
        if (cursor.Version == version)
            return null;

        var points = Runs.Select(Read).ToArray();
        var steps = points.SelectMany(run => run.Keys).Distinct().Order().ToArray();
        var frame = ChartFrame.Write(
            cursor.Sequence + 1,
            snapshot: true,
            first: 0,
            [.. steps.Select(step => (float)step)],
            [.. columns.Select(column => Values(column, points, steps))],
            extremes: null);
        (cursor.Sequence, cursor.Version) = (cursor.Sequence + 1, version);
        return frame;
    }

    private static Dictionary<int, StepPoint> Read(RunHistory run)
    {
        lock (run)
        {
            var stride = Math.Max(1, (run.Points.Count + MostRows - 1) / MostRows);
            return run.Points.Where((_, i) => i % stride == 0 || i == run.Points.Count - 1).ToDictionary(point => point.Last);
        }
    }

    private float[] Values(string column, Dictionary<int, StepPoint>[] points, int[] steps)
    {
        var parts = column.Split(':', 2);
        var run = int.Parse(parts[0], CultureInfo.InvariantCulture);
        if (run >= points.Length)
            return [.. steps.Select(_ => float.NaN)];
        var index = Runs[run].IndexOf(parts[1]);
        return [.. steps.Select(step => index >= 0 && points[run].TryGetValue(step, out var point) ? point.Mean[index] : float.NaN)];
    }
}
