namespace Etr.Dashboard.Charts;

/// <summary>One chart of a stack.</summary>
/// <param name="Key">Its key in URLs.</param>
/// <param name="Title">Its title.</param>
/// <param name="Unit">Unit of its axis; empty where it has none.</param>
/// <param name="Series">Its lines.</param>
/// <param name="Band">A shaded range between two figures; null for none.</param>
/// <param name="Markers">Which events are drawn as points at their value; empty for none.</param>
public sealed record ChartSpec(string Key, string Title, string Unit, IReadOnlyList<ChartSeries> Series, ChartBand? Band = null, string Markers = "")
{
    /// <summary>The figures that charts show, each once.</summary>
    public static IReadOnlyList<string> ColumnsOf(IEnumerable<ChartSpec> charts) =>
        [.. charts.SelectMany(spec => spec.Series.Select(line => line.Column).Concat(spec.Band is { } band ? [band.Low, band.High] : [])).Distinct()];
}

/// <summary>One line. Each tone has a dash of its own, so that colour is never alone.</summary>
/// <param name="Column">Its figure.</param>
/// <param name="Name">Its name.</param>
/// <param name="Tone">falling, rising, right, fourth, neutral or text.</param>
public sealed record ChartSeries(string Column, string Name, string Tone);

/// <summary>A shaded range.</summary>
/// <param name="Low">The figure below.</param>
/// <param name="High">The figure above.</param>
/// <param name="Name">Its name.</param>
public sealed record ChartBand(string Low, string High, string Name);

/// <summary>Something that happened, drawn over every chart of a stack.</summary>
/// <param name="Step">The step at which it is drawn.</param>
/// <param name="Kind">fault, guard, skipped or evaluation.</param>
/// <param name="Text">What happened, in words.</param>
/// <param name="Value">A figure that belongs to it; null for none.</param>
public sealed record ChartEvent(int Step, string Kind, string Text, double? Value = null);
