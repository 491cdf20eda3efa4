using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Etr.Grains.Metrics;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class MetricsTests
{
    [Fact]
    public async Task A_run_is_measured_and_no_tag_names_a_prompt()
    {
        var sums = new ConcurrentDictionary<string, double>();
        var tags = new ConcurrentDictionary<string, bool>();
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        using var listener = new MeterListener();
        IMeterFactory own = Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<IMeterFactory>(cluster.Services);
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == EtrMeter.Name && instrument.Meter.Scope == own)
                self.EnableMeasurementEvents(instrument);
        };
        void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> named)
        {
            sums.AddOrUpdate(instrument.Name, value, (_, before) => instrument is Counter<long> ? before + value : value);
            foreach (KeyValuePair<string, object?> tag in named)
                tags[tag.Key] = true;
        }

        listener.SetMeasurementEventCallback<long>((instrument, value, named, _) => Take(instrument, value, named));
        listener.SetMeasurementEventCallback<int>((instrument, value, named, _) => Take(instrument, value, named));
        listener.SetMeasurementEventCallback<double>((instrument, value, named, _) => Take(instrument, value, named));
        listener.Start();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 100_000)));

        // Gauges are asked: of a run that runs.
        await cluster.UntilAsync(() => Observed("etr.learner.step"), step => step >= 2);
        await cluster.UntilAsync(() => Observed("etr.diagnosis"), finding => finding == 0);
        Assert.Equal((1, 8), (sums["etr.accuracy"], sums["etr.length"]));
        await cluster.Run().StopAsync("enough");
        RunStatus ended = await cluster.EndedAsync();
        sums.TryRemove("etr.accuracy", out _);
        Assert.Equal(-1, await Observed("etr.accuracy"));

        await cluster.UntilAsync(() => Task.FromResult(sums["etr.groups.consumed"]), consumed => consumed == 4 * ended.Step);
        Assert.True(sums["etr.sampler.traces"] >= 12 * ended.Step);

        // Groups of traces with 6, 8 and 10 tokens.
        Assert.True(sums["etr.sampler.tokens"] >= 4 * 24 * ended.Step);
        await cluster.UntilAsync(() => Task.FromResult((sums["etr.pool.waiting"], sums["etr.pool.slots"])), pool => pool == (0, 0));
        Assert.Subset(new HashSet<string> { "run", "state", "outcome", "sampler", "end", "steps", "statistic", "rule" }, tags.Keys.ToHashSet());

        Task<double> Observed(string gauge)
        {
            listener.RecordObservableInstruments();
            return Task.FromResult(sums.GetValueOrDefault(gauge, -1));
        }
    }
}
