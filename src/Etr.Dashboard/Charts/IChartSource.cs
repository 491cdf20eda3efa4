namespace Etr.Dashboard.Charts;

/// <summary>Where a stack of charts has its figures from.</summary>
public interface IChartSource
{
    /// <summary>What a browser that is at <paramref name="cursor"/> must be told now; null where it knows everything.</summary>
    /// <param name="cursor">Where the browser is; moved on.</param>
    /// <param name="columns">The figures that it shows.</param>
    byte[]? NextFrame(ChartCursor cursor, IReadOnlyList<string> columns);
}

/// <summary>How much a browser knows of a source.</summary>
public sealed class ChartCursor
{
    /// <summary>Frames so far.</summary>
    public uint Sequence { get; set; }

    /// <summary>The source's version at the last frame; −1 asks for everything.</summary>
    public long Version { get; set; } = -1;

    /// <summary>The source's generation at the last frame.</summary>
    public int Generation { get; set; }

    /// <summary>Rows sent.</summary>
    public int Rows { get; set; }

    /// <summary>The browser lost count: the next frame says everything.</summary>
    public void Lost() => Version = -1;
}
