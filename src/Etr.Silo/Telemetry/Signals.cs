using System.Collections;
using Etr.Grains.Metrics;
using Etr.Grains.Tracing;
using Etr.Silo.Configuration;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Etr.Silo.Telemetry;

/// <summary>
/// What tools outside are told: <c>/metrics</c> in Prometheus' text form, always; metrics and traces to an OpenTelemetry collector, where
/// one is named. Without one nobody listens to spans, so none are made.
/// </summary>
internal static class Signals
{
    /// <summary>The variables by which OpenTelemetry's own settings are named.</summary>
    public const string VariablePrefix = "OTEL_";

    /// <summary>Runs that a silo tells of in its life. OpenTelemetry never reuses the place of a series, and tells what finds none without its tags.</summary>
    public const int MostRuns = 2000;

    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string OrleansCalls = "Microsoft.Orleans.Application";

    /// <summary>Registers meters, spans and whoever they are sent to.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="settings">What is told to whom.</param>
    /// <param name="silo">The silo's name.</param>
    /// <param name="version">The program's version.</param>
    public static void AddEtrSignals(this WebApplicationBuilder builder, TelemetrySettings settings, string silo, string version)
    {
        // An empty builder knows no variables; OpenTelemetry reads its own off the configuration.
        Dictionary<string, string?> variables = Variables(Environment.GetEnvironmentVariables());
        builder.Configuration.AddInMemoryCollection(variables);
        bool sends = settings.Otlp.Endpoint.Length > 0 || variables.ContainsKey(EndpointVariable);
        OpenTelemetryBuilder signals = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("etr", serviceVersion: version, autoGenerateServiceInstanceId: false, serviceInstanceId: silo))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(EtrMeter.Name, "Microsoft.Orleans", "System.Runtime", "Microsoft.AspNetCore.Hosting").AddRunViews().AddPrometheusExporter();
                if (sends)
                    metrics.AddOtlpExporter(otlp => Configure(otlp, settings.Otlp, "v1/metrics"));
            });
        if (!sends)
            return;

        // Orleans' spans carry the context from grain to grain, and say how long a call took.
        signals.WithTracing(traces => traces
            .AddSource(EtrTracing.SourceName, OrleansCalls)
            .SetSampler(new GroupSampler(settings.Sampling))
            .AddOtlpExporter(otlp => Configure(otlp, settings.Otlp, "v1/traces")));
    }

    /// <summary>Gives every gauge of a run room for as many runs, however many series a run has.</summary>
    public static MeterProviderBuilder AddRunViews(this MeterProviderBuilder metrics)
    {
        foreach ((string instrument, int series) in EtrMeter.SeriesOfRun)
            metrics.AddView(instrument, new MetricStreamConfiguration { CardinalityLimit = MostRuns * series });
        return metrics;
    }

    // The standard variables stand where a setting is empty.
    private static void Configure(OtlpExporterOptions otlp, OtlpSettings settings, string path)
    {
        if (settings.Protocol.Length > 0)
            otlp.Protocol = settings.Protocol == "http" ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        if (settings.Endpoint.Length == 0)
            return;

        // Set by hand, an HTTP endpoint is taken as it is; here it is a collector's address, as in the variable.
        string endpoint = settings.Endpoint.TrimEnd('/');
        otlp.Endpoint = new Uri(otlp.Protocol == OtlpExportProtocol.HttpProtobuf ? $"{endpoint}/{path}" : endpoint);
    }

    private static Dictionary<string, string?> Variables(IDictionary environment) => environment.Cast<DictionaryEntry>()
        .Where(variable => ((string)variable.Key).StartsWith(VariablePrefix, StringComparison.Ordinal))
        .ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value, StringComparer.Ordinal);
}
