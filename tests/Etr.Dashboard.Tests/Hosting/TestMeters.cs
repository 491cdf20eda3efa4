using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Etr.Dashboard.Tests.Hosting;

/// <summary>Meters of one test, and what they were told.</summary>
internal sealed class TestMeters : IMeterFactory
{
    private readonly ConcurrentBag<Meter> _meters = [];
    private readonly MeterListener _listener = new();

    public TestMeters()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == this)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Told.Enqueue((instrument.Name, tags.Length > 0 ? (string)tags[0].Value! : "", value)));
        _listener.Start();
    }

    /// <summary>Instrument, value of its first tag, value.</summary>
    public ConcurrentQueue<(string Name, string Tag, double Value)> Told { get; } = [];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(new MeterOptions(options.Name) { Scope = this });
        _meters.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (var meter in _meters)
            meter.Dispose();
    }
}
