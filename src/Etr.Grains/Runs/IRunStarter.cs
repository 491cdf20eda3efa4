namespace Etr.Grains.Runs;

/// <summary>Makes what a run needs on disk before its first group. Registered by the host on silos that may train.</summary>
public interface IRunStarter
{
    /// <summary>Checks a configuration with everything it names, makes the run's directory and publishes version 0 of its policy.</summary>
    /// <exception cref="InvalidDataException">The configuration is wrong, or names what is not there; the message says what.</exception>
    /// <exception cref="IOException">The directory cannot be written.</exception>
    Task<RunStart> PrepareAsync(string configurationJson, CancellationToken cancellationToken);
}

/// <summary>Starts runs for clients, on a silo that may train. The key is 0.</summary>
public interface IRunStarterGrain : IGrainWithIntegerKey
{
    /// <summary>Starts a run under a configuration (JSON, resolved by the client).</summary>
    [ResponseTimeout("00:02:00")]
    Task<StartedRun> StartAsync(string configurationJson);
}

/// <summary>What came of a wish to start a run.</summary>
/// <param name="Run">The run's name; empty where it was not started.</param>
/// <param name="Problem">Why not, in words; empty where it was.</param>
[GenerateSerializer, Immutable, Alias("etr.started-run")]
public sealed record StartedRun([property: Id(0)] string Run, [property: Id(1)] string Problem);
