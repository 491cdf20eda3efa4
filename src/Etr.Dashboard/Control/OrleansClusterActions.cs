using Etr.Grains.Runs;
using Etr.Grains.Silos;

namespace Etr.Dashboard.Control;

/// <summary>Asks the grains.</summary>
internal sealed class OrleansClusterActions(IGrainFactory grains, TimeProvider time) : IClusterActions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // A start reads a model and publishes it.
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    public async Task<(string Run, string Problem)> StartAsync(string configurationJson, CancellationToken cancellationToken)
    {
        StartedRun started = await grains.GetGrain<IRunStarterGrain>(0).StartAsync(configurationJson).WaitAsync(StartPatience, time, cancellationToken);
        return (started.Run, started.Problem);
    }

    public Task PauseAsync(string run, string reason, CancellationToken cancellationToken) => Within(grains.GetGrain<IRunGrain>(run).PauseAsync(reason), cancellationToken);

    public Task ResumeAsync(string run, CancellationToken cancellationToken) => Within(grains.GetGrain<IRunGrain>(run).ResumeAsync(), cancellationToken);

    public Task StopAsync(string run, string reason, CancellationToken cancellationToken) => Within(grains.GetGrain<IRunGrain>(run).StopAsync(reason), cancellationToken);

    public Task DrainAsync(string silo, string reason, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<ISiloGrain>(ISiloGrain.KeyOf(silo)).DrainAsync(reason), cancellationToken);

    private Task Within(Task call, CancellationToken cancellationToken) => call.WaitAsync(Patience, time, cancellationToken);
}
