using System.Diagnostics.Metrics;
using Etr.Grains.Metrics;

namespace Etr.Silo.Endpoint;

/// <summary>What the endpoint measures.</summary>
internal sealed class EndpointMetrics
{
    private readonly Counter<long> _requests;
    private readonly Counter<long> _tokens;

    public EndpointMetrics(IMeterFactory meters)
    {
        Meter meter = meters.Create(EtrMeter.Name);
        _requests = meter.CreateCounter<long>("etr.endpoint.requests", "{request}", "Requests of the endpoint, by how they ended.");
        _tokens = meter.CreateCounter<long>("etr.endpoint.tokens", "{token}", "Tokens drawn for clients of the endpoint.");

        // What has never happened is zero, not unknown.
        _tokens.Add(0);
        foreach (string how in (string[])["done", "gone", "late", "broken"])
            _requests.Add(0, new KeyValuePair<string, object?>("end", how));
    }

    /// <summary>A request has ended.</summary>
    public void Answered(string how) => _requests.Add(1, new KeyValuePair<string, object?>("end", how));

    /// <summary>Tokens were drawn for a client.</summary>
    public void Tokens(int count) => _tokens.Add(count);
}
