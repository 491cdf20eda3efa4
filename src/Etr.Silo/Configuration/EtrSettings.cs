using System.ComponentModel.DataAnnotations;
using Etr.Core.Runs;

namespace Etr.Silo.Configuration;

/// <summary>Everything that can be set, resolved: what the run computes, and where it is hosted.</summary>
public sealed record EtrSettings
{
    /// <summary>What decides the run's result.</summary>
    public required RunConfiguration Run { get; init; }

    /// <summary>Where it runs.</summary>
    public required HostSettings Host { get; init; }

    /// <summary>Keys that some source named, in the spelling of the schema.</summary>
    public required IReadOnlySet<string> Named { get; init; }
}

/// <summary>The settings that say where a run is hosted; its members are keys under <c>Etr:</c>.</summary>
public sealed record HostSettings
{
    /// <summary>The silo's place in its cluster.</summary>
    public ClusterSettings Cluster { get; init; } = new();

    /// <summary>Where people and probes look.</summary>
    public DashboardSettings Dashboard { get; init; } = new();

    /// <summary>What is kept of runs for people.</summary>
    public ArchiveSettings Archive { get; init; } = new();

    /// <summary>The endpoint that serves the policy in training.</summary>
    public EndpointSettings Endpoint { get; init; } = new();

    /// <summary>Servers that draw for this silo.</summary>
    public SamplersSettings Samplers { get; init; } = new();

    /// <summary>How log lines are written.</summary>
    public LoggingSettings Logging { get; init; } = new();

    /// <summary>What is told to tools outside.</summary>
    public TelemetrySettings Telemetry { get; init; } = new();

    /// <summary>Directory of the store and of all runs. The default value is <c>data</c>.</summary>
    [Required]
    public string Data { get; init; } = "data";
}
