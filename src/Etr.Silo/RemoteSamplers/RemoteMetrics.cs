using System.Diagnostics.Metrics;
using Etr.Grains.Metrics;

namespace Etr.Silo.RemoteSamplers;

/// <summary>What remote samplers measure of their servers.</summary>
internal sealed class RemoteMetrics
{
    private readonly Counter<long> _faults;
    private readonly Counter<long> _retries;
    private readonly Counter<long> _tokens;
    private readonly Gauge<int> _open;
    private readonly Histogram<double> _gap;

    public RemoteMetrics(IMeterFactory meters)
    {
        Meter meter = meters.Create(EtrMeter.Name);
        _faults = meter.CreateCounter<long>("etr.remote.faults", "{fault}", "Calls of a server that failed, by what it did wrong.");
        _retries = meter.CreateCounter<long>("etr.remote.retries", "{call}", "Calls of a server that were made again.");
        _tokens = meter.CreateCounter<long>("etr.remote.tokens", "{token}", "Tokens that a server drew.");
        _open = meter.CreateGauge<int>("etr.remote.up", "{server}", "1 where a server is sent traces, 0 while it is left alone.");
        _gap = meter.CreateHistogram<double>("etr.remote.logprob_gap", "nat", "Mean distance of a trace's log-probabilities, the server's and those of the scoring pass.");
    }

    /// <summary>A call failed.</summary>
    public void Failed(string server, ServerFault fault) =>
        _faults.Add(1, new KeyValuePair<string, object?>("server", server), new KeyValuePair<string, object?>("fault", ServerHealth.Words(fault)));

    /// <summary>A call is made again.</summary>
    public void Retried(string server) => _retries.Add(1, new KeyValuePair<string, object?>("server", server));

    /// <summary>Tokens came.</summary>
    public void Tokens(string server, int count) => _tokens.Add(count, new KeyValuePair<string, object?>("server", server));

    /// <summary>Whether a server is sent traces.</summary>
    public void Up(string server, bool up) => _open.Record(up ? 1 : 0, new KeyValuePair<string, object?>("server", server));

    /// <summary>A trace was scored.</summary>
    public void Gap(string server, double nats) => _gap.Record(nats, new KeyValuePair<string, object?>("server", server));
}
