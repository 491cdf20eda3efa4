using System.Diagnostics.Metrics;
using Etr.Grains.Metrics;

namespace Etr.Dashboard.Wall;

/// <summary>How old events are when this process has them, and when a browser is sent them.</summary>
internal sealed class WallMetrics
{
    private static readonly double[] Seconds = [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 10, 30];
    private static readonly KeyValuePair<string, object?> Server = new("stage", "server");
    private static readonly KeyValuePair<string, object?> Frame = new("stage", "frame");

    private readonly Histogram<double> _age;

    public WallMetrics(IMeterFactory meters) => _age = EtrMeter.Of(meters).CreateHistogram(
        "etr.dashboard.event_age", "s", "Age of an event when the dashboard's process has taken it in, and when it is put into a frame for a browser.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });

    /// <summary>An event is on this server's wall.</summary>
    public void TakenIn(TimeSpan age) => _age.Record(Clamped(age), Server);

    /// <summary>An event is in a frame.</summary>
    public void Shown(TimeSpan age) => _age.Record(Clamped(age), Frame);

    // Clocks of two hosts differ: an event from the future is new.
    private static double Clamped(TimeSpan age) => Math.Max(0, age.TotalSeconds);
}
