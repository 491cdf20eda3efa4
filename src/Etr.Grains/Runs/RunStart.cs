namespace Etr.Grains.Runs;

/// <summary>What a run is started with.</summary>
[GenerateSerializer, Immutable, Alias("etr.run-start")]
public sealed record RunStart
{
    /// <summary>The run's name.</summary>
    [Id(0)] public required string Run { get; init; }

    /// <summary>The resolved <see cref="Etr.Core.Runs.RunConfiguration"/> as JSON: stored as it is, read by whoever needs it.</summary>
    [Id(1)] public required string ConfigurationJson { get; init; }

    /// <summary>The run's directory: checkpoints/, policy/, steps/, groups/.</summary>
    [Id(2)] public required string Directory { get; init; }

    /// <summary>The starting policy's safetensors file (version 0).</summary>
    [Id(3)] public required string PolicyFile { get; init; }

    /// <summary>Its SHA-256, lower-case hexadecimal.</summary>
    [Id(4)] public required string PolicySha256 { get; init; }
}
