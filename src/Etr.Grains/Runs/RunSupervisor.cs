using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Grains.Runs;

/// <summary>
/// Keeps the run directory awake, which in turn wakes every run that is marked running: so a run goes on after all silos were
/// lost, without a command. Any number of silos may do this at once; asking twice changes nothing.
/// </summary>
internal sealed partial class RunSupervisor(IGrainFactory grains, IOptions<EtrGrainOptions> options, TimeProvider time, ILogger<RunSupervisor> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Touch, time);
        try
        {
            do
            {
                try
                {
                    await grains.GetGrain<IRunDirectoryGrain>(0).WakeRunsAsync().WaitAsync(stoppingToken);
                }
                catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
                {
                    LogUnanswered(exception.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops; other silos go on.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The run directory did not answer and is asked again: {Reason}")]
    private partial void LogUnanswered(string reason);
}
