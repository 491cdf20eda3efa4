namespace Etr.Grains.Runs;

/// <summary>Every run of the cluster, finished or not. One activation, key 0.</summary>
public interface IRunDirectoryGrain : IGrainWithIntegerKey
{
    /// <summary>Adds or updates a run's entry. Idempotent.</summary>
    Task RecordAsync(RunEntry entry);

    /// <summary>From now on wakes every run that is marked running, every <see cref="EtrGrainOptions.Touch"/>. Idempotent.</summary>
    Task WakeRunsAsync();

    /// <summary>All runs, newest first.</summary>
    Task<IReadOnlyList<RunEntry>> ListAsync();
}

/// <summary>A line of the run directory.</summary>
[GenerateSerializer, Immutable, Alias("etr.run-entry")]
public sealed record RunEntry
{
    /// <summary>The run's name.</summary>
    [Id(0)] public required string Run { get; init; }

    /// <summary>Its state when last recorded.</summary>
    [Id(1)] public required RunState State { get; init; }

    /// <summary>Last committed step.</summary>
    [Id(2)] public required int Step { get; init; }

    /// <summary>Steps it was asked for.</summary>
    [Id(3)] public required int Steps { get; init; }

    /// <summary>When it was started.</summary>
    [Id(4)] public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Shaper, for lists.</summary>
    [Id(5)] public required string Shaper { get; init; }
}
