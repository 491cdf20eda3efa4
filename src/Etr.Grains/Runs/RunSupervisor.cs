using Etr.Grains.Silos;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Grains.Runs;

/// <summary>
/// Keeps the run directory awake, which in turn wakes every run that is marked running: so a run goes on after all silos were
/// lost, without a command. Any number of silos may do this at once; asking twice changes nothing.
/// </summary>
internal sealed partial class RunSupervisor(
    IGrainFactory grains, ISiloStatusOracle silos, IOptions<EtrGrainOptions> options, TimeProvider time, ILogger<RunSupervisor> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The directory may have lived on the silo that was lost.
        var watch = new SiloWatch(silos, () => _ = AskAsync(stoppingToken));
        using var timer = new PeriodicTimer(options.Value.Touch, time);
        try
        {
            do
            {
                await AskAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; other silos go on.
        }
        finally
        {
            watch.End();
        }
    }

    private async Task AskAsync(CancellationToken stoppingToken)
    {
        try
        {
            await grains.GetGrain<IRunDirectoryGrain>(0).WakeRunsAsync().WaitAsync(stoppingToken);
        }
        catch (Exception exception)
        {
            if (!stoppingToken.IsCancellationRequested)
                LogUnanswered(exception.Message);
        }
    }

    [LoggerMessage(EventId = 1010, Level = LogLevel.Information, Message = "The run directory did not answer and is asked again: {Reason}")]
    private partial void LogUnanswered(string reason);
}
