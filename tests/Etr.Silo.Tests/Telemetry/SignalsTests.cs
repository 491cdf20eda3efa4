using System.Diagnostics;
using System.Diagnostics.Metrics;
using Etr.Grains.Metrics;
using Etr.Grains.Tracing;
using Etr.Silo.Configuration;
using Etr.Silo.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>What is sent to a collector, by either protocol.</summary>
[Collection(nameof(SmallRun))]
public sealed class SignalsTests
{
    private const int Milliseconds = 60_000;

    [Theory]
    [InlineData("grpc", "/opentelemetry.proto.collector.trace.v1.TraceService/Export", "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export")]
    [InlineData("http", "/v1/traces", "/v1/metrics")]
    public async Task Spans_and_metrics_come_to_a_collector_of_either_protocol(string protocol, string traces, string metrics)
    {
        await using OtlpCollector collector = await OtlpCollector.StartAsync(grpc: protocol == "grpc");
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.AddEtrSignals(new TelemetrySettings { Otlp = new OtlpSettings { Endpoint = collector.Url, Protocol = protocol } }, "silo-of-the-test", "1.2.3");
        await using WebApplication app = builder.Build();
        TracerProvider spans = app.Services.GetRequiredService<TracerProvider>();
        MeterProvider meters = app.Services.GetRequiredService<MeterProvider>();

        using (var source = new ActivitySource(EtrTracing.SourceName))
        using (Activity? span = source.StartActivity("learner.step"))
        {
            Assert.NotNull(span);
        }

        using var meter = new Meter(EtrMeter.Name);
        meter.CreateCounter<long>("counted-by-the-test").Add(1);

        Assert.True(spans.ForceFlush(Milliseconds));

        // Prometheus' reader, beside the collector's, is only ever asked: the flush as a whole says no.
        meters.ForceFlush(Milliseconds);
        Assert.True(await collector.HasAsync(traces, TimeSpan.FromMilliseconds(Milliseconds), "learner.step", "silo-of-the-test", "1.2.3"));
        Assert.True(await collector.HasAsync(metrics, TimeSpan.FromMilliseconds(Milliseconds), "counted-by-the-test", "silo-of-the-test"));
    }
}
