using System.Diagnostics.Metrics;
using Etr.Grains.Diagnosis;
using Etr.Grains.Metrics;
using Etr.Silo.Telemetry;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>The gauges of runs as OpenTelemetry tells them.</summary>
public sealed class RunViewsTests
{
    [Fact]
    public void Of_many_runs_after_one_another_each_is_told_with_all_its_rules_and_alone()
    {
        using var meter = new Meter(nameof(RunViewsTests));
        var gauges = new RunGauges(meter);
        using var told = new Told();
        using var reader = new BaseExportingMetricReader(told) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative };
        using MeterProvider provider = Sdk.CreateMeterProviderBuilder().AddMeter(meter.Name).AddRunViews().AddReader(reader).Build();

        for (int i = 0; i < 300; i++)
        {
            var run = new Run($"r{i}");
            gauges.Tell(run, figures => figures with { Findings = new HashSet<string> { "stale" } });
            provider.ForceFlush();
            run.IsRunning = false;

            Assert.Equal([run.Name], told.Runs.Distinct());
            Assert.Equal(RunDiagnosis.All.Count, told.Runs.Count);
        }
    }

    private sealed class Run(string name) : IMeasuredRun
    {
        public string Name => name;

        public bool IsRunning { get; set; } = true;
    }

    private sealed class Told : BaseExporter<Metric>
    {
        public List<string> Runs { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            Runs.Clear();
            foreach (Metric metric in batch)
            {
                foreach (ref readonly MetricPoint point in metric.GetMetricPoints())
                    Runs.Add(RunOf(point));
            }

            return ExportResult.Success;
        }

        private static string RunOf(in MetricPoint point)
        {
            foreach (KeyValuePair<string, object?> tag in point.Tags)
            {
                if (tag.Key == "run")
                    return (string)tag.Value!;
            }

            return "(none)";
        }
    }
}
