namespace Etr.Dashboard.Control;

/// <summary>All that the dashboard can make the cluster do. Every call has a deadline and throws <see cref="TimeoutException"/> after it.</summary>
internal interface IClusterActions
{
    /// <summary>Starts a run under a configuration.</summary>
    /// <returns>The run's name, and why there is none.</returns>
    Task<(string Run, string Problem)> StartAsync(string configurationJson, CancellationToken cancellationToken);

    /// <summary>Deals no further group.</summary>
    /// <exception cref="InvalidOperationException">The run is not in a state for it.</exception>
    Task PauseAsync(string run, string reason, CancellationToken cancellationToken);

    /// <summary>Goes on.</summary>
    /// <inheritdoc cref="PauseAsync" path="/exception"/>
    Task ResumeAsync(string run, CancellationToken cancellationToken);

    /// <summary>Ends a run for good: open groups are cancelled.</summary>
    /// <inheritdoc cref="PauseAsync" path="/exception"/>
    Task StopAsync(string run, string reason, CancellationToken cancellationToken);

    /// <summary>Asks a silo to hand back what it does and leave.</summary>
    Task DrainAsync(string silo, string reason, CancellationToken cancellationToken);
}
