using System.Diagnostics.Metrics;

namespace Etr.Benchmarks.Clusters;

/// <summary>Counts the durable writes and reads of grains, as Orleans' own meter tells of them.</summary>
internal sealed class StoreMeter : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _writes;
    private long _reads;

    public StoreMeter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Microsoft.Orleans" && instrument.Name is "orleans-storage-write-latency" or "orleans-storage-read-latency")
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<double>((instrument, _, _, _) => Count(instrument));
        _listener.SetMeasurementEventCallback<long>((instrument, _, _, _) => Count(instrument));
        _listener.Start();
    }

    public long Writes => Interlocked.Read(ref _writes);

    public long Reads => Interlocked.Read(ref _reads);

    public void Dispose() => _listener.Dispose();

    private void Count(Instrument instrument)
    {
        if (instrument.Name == "orleans-storage-write-latency")
            Interlocked.Increment(ref _writes);
        else
            Interlocked.Increment(ref _reads);
    }
}
