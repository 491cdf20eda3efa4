using OpenTelemetry.Metrics;

namespace Etr.Silo.Telemetry;

/// <summary>What <c>/metrics</c> tells: the run's own figures, Orleans' and the runtime's, in the Prometheus text form.</summary>
internal static class Metrics
{
    /// <summary>Name of the meter that the product's own figures are under.</summary>
    public const string Meter = "Etr";

    /// <summary>Registers the meters.</summary>
    public static IServiceCollection AddEtrMetrics(this IServiceCollection services)
    {
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(Meter, "Microsoft.Orleans", "System.Runtime", "Microsoft.AspNetCore.Hosting")
            .AddPrometheusExporter());
        return services;
    }
}
