using Etr.Grains.Placement;
using Etr.Grains.Silos;

namespace Etr.Grains.Runs;

/// <inheritdoc cref="IRunStarterGrain"/>
[RolePlacement(SiloRoles.Learner)]
internal sealed class RunStarterGrain(IRunStarter starter) : Grain, IRunStarterGrain
{
    public async Task<StartedRun> StartAsync(string configurationJson)
    {
        try
        {
            RunStart start = await starter.PrepareAsync(configurationJson, CancellationToken.None);
            await GrainFactory.GetGrain<IRunGrain>(start.Run).StartAsync(start);
            return new StartedRun(start.Run, "");
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            return new StartedRun("", exception.Message);
        }
    }
}
