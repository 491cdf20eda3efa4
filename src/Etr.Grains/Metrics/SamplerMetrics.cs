using System.Diagnostics.Metrics;

namespace Etr.Grains.Metrics;

/// <summary>What samplers, their pool and the groups measure of sampling.</summary>
internal sealed class SamplerMetrics
{
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _traces;
    private readonly Counter<long> _voided;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _crashes;
    private readonly Counter<long> _halvings;
    private readonly Counter<long> _gaveWay;
    private readonly Gauge<int> _waiting;
    private readonly Gauge<int> _slots;

    public SamplerMetrics(IMeterFactory meters)
    {
        Meter meter = EtrMeter.Of(meters);
        _tokens = meter.CreateCounter<long>("etr.sampler.tokens", "{token}", "Tokens drawn, by sampler.");
        _traces = meter.CreateCounter<long>("etr.sampler.traces", "{trace}", "Traces that ended, by how.");
        _voided = meter.CreateCounter<long>("etr.leases.voided", "{lease}", "Leases voided because their sampler was lost, hung or restarted.");
        _refused = meter.CreateCounter<long>("etr.reports.refused", "{report}", "Reports and completions refused: their lease was not live.");
        _crashes = meter.CreateCounter<long>("etr.groups.crashes", "{crash}", "Processes that were lost while they drew one group alone.");
        _halvings = meter.CreateCounter<long>("etr.sampler.memory_halvings", "{halving}", "Times a sampler ran out of memory and halved what it holds at once, by sampler.");
        _gaveWay = meter.CreateCounter<long>("etr.sampler.gave_way", "{slot}", "Slots that waited with what they had drawn, so that others fitted the cache's budget, by sampler.");
        _waiting = meter.CreateGauge<int>("etr.pool.waiting", "{slot}", "Slots that groups wait for.");
        _slots = meter.CreateGauge<int>("etr.pool.slots", "{slot}", "Slots of the samplers, by state.");

        // What has never happened is zero, not unknown.
        _voided.Add(0);
        _refused.Add(0);
        _crashes.Add(0);
        _traces.Add(0, OfEnd(truncated: false));
        _traces.Add(0, OfEnd(truncated: true));
    }

    public void Tokens(string sampler, int count) => _tokens.Add(count, new KeyValuePair<string, object?>("sampler", sampler));

    public void Memory(string sampler, int halvings, long gaveWay)
    {
        var tag = new KeyValuePair<string, object?>("sampler", sampler);
        _halvings.Add(halvings, tag);
        _gaveWay.Add(gaveWay, tag);
    }

    public void TraceEnded(bool truncated) => _traces.Add(1, OfEnd(truncated));

    private static KeyValuePair<string, object?> OfEnd(bool truncated) => new("end", truncated ? "truncated" : "finished");

    public void Voided(int count) => _voided.Add(count);

    public void Refused(int count) => _refused.Add(count);

    public void CrashedAlone() => _crashes.Add(1);

    public void Pool(int waiting, int free, int used)
    {
        _waiting.Record(waiting);
        _slots.Record(free, new KeyValuePair<string, object?>("state", "free"));
        _slots.Record(used, new KeyValuePair<string, object?>("state", "used"));
    }
}
