using System.Diagnostics.Metrics;
using Etr.Core.Rollouts;
using Etr.Policy.Scoring;
using Etr.Silo.Configuration;
using Etr.Silo.RemoteSamplers;
using Etr.Silo.Tests.Endpoint;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Etr.Silo.Tests.RemoteSamplers;

/// <summary>A remote sampler's engine over a server of the test's, with the shipped model.</summary>
internal sealed class RemoteHarness : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, long> _counts = [];
    private readonly RemoteRolloutEngine _engine;

    public RemoteHarness(RemoteServerSettings settings, ShippedPolicy policy, PolicyScorer? scorer = null, TimeProvider? time = null)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == _services.GetService<IMeterFactory>())
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            string fault = "";
            foreach (KeyValuePair<string, object?> tag in tags)
                fault = tag.Key == "fault" ? $" {tag.Value}" : fault;
            lock (_counts)
                _counts[instrument.Name + fault] = _counts.GetValueOrDefault(instrument.Name + fault) + value;
        });
        _listener.Start();
        Policy = policy;
        Server = Assert.Single(RemoteServer.All(new SamplersSettings { Remote = [settings] }));
        Link = new RemoteLink(Server, new RemoteMetrics(_services.GetRequiredService<IMeterFactory>()), time ?? TimeProvider.System);
        _engine = new RemoteRolloutEngine(Server, new RemoteModel(policy.Config, policy.Tokenizer), Link, scorer, NullLogger.Instance);
    }

    public ShippedPolicy Policy { get; }

    public RemoteServer Server { get; }

    public RemoteLink Link { get; }

    public long Count(string instrument)
    {
        lock (_counts)
            return _counts.GetValueOrDefault(instrument);
    }

    public async Task<TraceRecorder> DrawAsync(
        int slots = 1, PolicyRef? policy = null, IReadOnlyList<RolloutSlot>? given = null, bool fullEntropy = false, int limit = 20, double temperature = 0.7, CancellationToken cancellation = default)
    {
        given ??= [.. Enumerable.Range(0, slots).Select(slot => new RolloutSlot((uint)slot, []))];
        var recorder = new TraceRecorder(given.Count);
        await _engine.SubmitAsync(
            new RolloutRequest(
                ShippedPolicy.Prompt, 7, 2, 23, policy ?? Policy.Policy, new SamplingOptions { Temperature = temperature, MaxNewTokens = limit }, given, recorder, cancellation)
            {
                FullEntropy = fullEntropy,
            },
            TestContext.Current.CancellationToken);
        return recorder;
    }

    public async Task<TraceRecorder> DrawnAsync(
        int slots = 1, PolicyRef? policy = null, IReadOnlyList<RolloutSlot>? given = null, bool fullEntropy = false, int limit = 20, double temperature = 0.7)
    {
        TraceRecorder recorder = await DrawAsync(slots, policy, given, fullEntropy, limit, temperature);
        await recorder.Done;
        return recorder;
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        Link.Dispose();
        _listener.Dispose();
        await _services.DisposeAsync();
    }
}
