namespace Etr.Grains.Groups;

/// <summary>What a group is opened with; the same for every opening of its ordinal.</summary>
[GenerateSerializer, Immutable, Alias("etr.group-spec")]
public sealed record GroupSpec
{
    /// <summary>The run's name.</summary>
    [Id(0)] public required string Run { get; init; }

    /// <summary>The group's ordinal.</summary>
    [Id(1)] public required long Ordinal { get; init; }

    /// <summary>The prompt's index.</summary>
    [Id(2)] public required int Prompt { get; init; }

    /// <summary>The prompt's round.</summary>
    [Id(3)] public required int Round { get; init; }

    /// <summary>Policy version to draw with.</summary>
    [Id(4)] public required long PolicyVersion { get; init; }

    /// <summary>Its safetensors file.</summary>
    [Id(5)] public required string PolicyFile { get; init; }

    /// <summary>The file's SHA-256.</summary>
    [Id(6)] public required string PolicySha256 { get; init; }

    /// <summary>Whether the group is paid for correctness alone, since a guard has switched the trend off.</summary>
    [Id(7)] public bool TrendOff { get; init; }
}

/// <summary>A policy to draw with.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Sha256">SHA-256 of its weights.</param>
[GenerateSerializer, Immutable, Alias("etr.group-policy")]
public sealed record GroupPolicy([property: Id(0)] long Version, [property: Id(1)] string Sha256);

/// <summary>How a group is doing, in answer to a touch.</summary>
[GenerateSerializer, Immutable, Alias("etr.group-pulse")]
public sealed record GroupPulse
{
    /// <summary>Its phase; <see cref="GroupPhase.Unknown"/> where it has to be opened again.</summary>
    [Id(0)] public required GroupPhase Phase { get; init; }

    /// <summary>What it waits for; null where it is drawing.</summary>
    [Id(1)] public Waits.Wait? Wait { get; init; }

    /// <summary>Tokens drawn so far.</summary>
    [Id(2)] public required long Tokens { get; init; }
}
