using Etr.Dashboard.Charts;

namespace Etr.Dashboard.History;

/// <summary>The figures of one run: only rows that are new or have changed are sent.</summary>
internal sealed class HistorySource(ZoomedHistory zoomed) : IChartSource
{
    /// <summary>A source of all of a run's steps.</summary>
    public HistorySource(RunHistory history)
        : this(new ZoomedHistory(history))
    {
    }

    /// <summary>The run's steps.</summary>
    public RunHistory History => zoomed.History;

    public byte[]? NextFrame(ChartCursor cursor, IReadOnlyList<string> columns)
    {
        int[] indices;
        lock (History)
            indices = [.. columns.Select(History.IndexOf)];
        return zoomed.FrameOf(cursor, indices, point => point.Mean, extremes: true);
    }
}

/// <summary>Frames of a history: rows that are new or have changed.</summary>
internal static class HistoryFrames
{
    /// <summary>The next frame of a browser to which all of the steps are shown, or null where it knows everything.</summary>
    public static byte[]? FrameOf(this RunHistory history, ChartCursor cursor, int[] indices, Func<StepPoint, float[]> of, bool extremes) =>
        new ZoomedHistory(history).FrameOf(cursor, indices, of, extremes);

    /// <summary>The next frame of a browser, or null where it knows everything.</summary>
    /// <param name="zoomed">The steps.</param>
    /// <param name="cursor">Where the browser is; moved on.</param>
    /// <param name="indices">Which of a point's values; −1 for one that it lacks.</param>
    /// <param name="of">The values of a point.</param>
    /// <param name="extremes">Whether lowest and highest values of stretches are sent too: the values are figures then.</param>
    public static byte[]? FrameOf(this ZoomedHistory zoomed, ChartCursor cursor, int[] indices, Func<StepPoint, float[]> of, bool extremes)
    {
        lock (zoomed.History)
        {
            var snapshot = cursor.Version < 0 || cursor.Generation != zoomed.Generation;
            if (!snapshot && cursor.Version == zoomed.Version)
                return null;

            // The last row may have grown since it was sent.
            var first = snapshot ? 0 : Math.Max(0, cursor.Rows - 1);
            var points = zoomed.Points;
            StepPoint[] rows = [.. points.Skip(first)];
            var frame = ChartFrame.Write(
                cursor.Sequence + 1,
                snapshot,
                first,
                [.. rows.Select(row => (float)row.Last)],
                [.. indices.Select(index => Column(rows, index, of))],
                extremes && rows.Any(row => row.Count > 1) ? [.. indices.Select(index => (Column(rows, index, row => row.Low), Column(rows, index, row => row.High)))] : null);
            (cursor.Sequence, cursor.Version, cursor.Generation, cursor.Rows) = (cursor.Sequence + 1, zoomed.Version, zoomed.Generation, points.Count);
            return frame;
        }
    }

    private static float[] Column(StepPoint[] rows, int index, Func<StepPoint, float[]> of) =>
        [.. rows.Select(row => index >= 0 && index < of(row).Length ? of(row)[index] : float.NaN)];
}
