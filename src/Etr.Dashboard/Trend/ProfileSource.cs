using System.Globalization;
using Etr.Dashboard.Charts;
using Etr.Dashboard.History;

namespace Etr.Dashboard.Trend;

/// <summary>Mean entropy by reasoning step over training: column i is the traces' step i + 1.</summary>
internal sealed class ProfileSource(RunHistory history) : IChartSource
{
    /// <summary>The run's steps.</summary>
    public RunHistory History => history;

    /// <summary>The names of its columns.</summary>
    public static IReadOnlyList<string> Columns { get; } = [.. Enumerable.Range(0, RunHistory.MostProfile).Select(i => i.ToString(CultureInfo.InvariantCulture))];

    public byte[]? NextFrame(ChartCursor cursor, IReadOnlyList<string> columns) => history.FrameOf(
        cursor, [.. columns.Select(column => int.Parse(column, CultureInfo.InvariantCulture))], point => point.Profile, extremes: false);
}
