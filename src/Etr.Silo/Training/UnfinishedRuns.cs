using Etr.Grains.Runs;
using Etr.Grains.Silos;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Hosting;

namespace Etr.Silo.Training;

/// <summary>Runs that were started and have not ended.</summary>
internal static class UnfinishedRuns
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Lists them, each with the command that goes on with it.</summary>
    /// <param name="host">The running host.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="except">A run that is about to go on.</param>
    /// <param name="terminal">Where to list.</param>
    public static async Task ListAsync(EtrHost host, EtrSettings settings, string? except, Terminal terminal)
    {
        IReadOnlyList<RunEntry> entries = await host.Grains.GetGrain<IRunDirectoryGrain>(0).ListAsync().WaitAsync(Patience);
        bool alone = host.Services.GetRequiredService<SiloDirectory>().Active.Count <= 1;
        foreach (RunEntry entry in entries.Where(entry => entry.State is not (RunState.Completed or RunState.Unknown) && entry.Run != except))
        {
            // Alone in its cluster, whoever was running it is dead: nobody who looks at it shall wake it.
            if (entry.State == RunState.Running && alone)
                await host.Grains.GetGrain<IRunGrain>(entry.Run).PauseAsync("its process ended").WaitAsync(Patience);
            terminal.Line($"unfinished {entry.Run} at step {entry.Step}/{entry.Steps}: {ResumeCommand(entry.Run, settings)}");
        }
    }

    /// <summary>The command that goes on with a run.</summary>
    public static string ResumeCommand(string run, EtrSettings settings) =>
        $"etr train --resume {run}{(settings.Named.Contains("Etr:Data") ? $" --set Etr:Data={settings.Host.Data}" : "")}";
}
