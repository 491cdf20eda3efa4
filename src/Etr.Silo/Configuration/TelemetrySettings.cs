using System.ComponentModel.DataAnnotations;

namespace Etr.Silo.Configuration;

/// <summary><c>Etr:Telemetry</c>: what is told to tools outside. Host settings: they never change what a run computes.</summary>
public sealed record TelemetrySettings
{
    /// <summary>Where traces and metrics are sent.</summary>
    public OtlpSettings Otlp { get; init; } = new();

    /// <summary>
    /// Share of the groups and steps (0 to 1) that are traced, where traces are sent; a group is traced as a whole or not at all. The
    /// default value is 1.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Sampling { get; init; } = 1;

    /// <summary>
    /// Whether a run's figures are also written as TensorBoard event files: <c>false</c>; <c>true</c>, into the run's own directory; or a
    /// directory, in which each run has a folder. The default value is <c>false</c>.
    /// </summary>
    [Required, StringLength(1024)]
    public string TensorBoard { get; init; } = "false";
}

/// <summary>
/// <c>Etr:Telemetry:Otlp</c>: an OpenTelemetry collector. Headers, timeouts and the like are the standard variables' (<c>OTEL_…</c>), so
/// that no credential is among the settings.
/// </summary>
public sealed record OtlpSettings
{
    /// <summary>
    /// The collector's address, such as <c>http://collector:4317</c>; empty takes <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>, and where that is not
    /// set either, nothing is sent and nothing traced. The default value is empty.
    /// </summary>
    [RegularExpression("^(https?://[^\\s]{1,512})?$")]
    public string Endpoint { get; init; } = "";

    /// <summary><c>grpc</c> or <c>http</c> (protobuf over HTTP); empty takes the standard variable, and gRPC without it. The default value is empty.</summary>
    [AllowedValues("", "grpc", "http")]
    public string Protocol { get; init; } = "";
}
