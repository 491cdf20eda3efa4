using System.Text;
using Etr.Core.Files;
using Etr.Grains.Silos;
using Etr.Policy.Runtime;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;
using Etr.Silo.RemoteSamplers;
using Etr.Silo.Store;

namespace Etr.Silo.Silos;

/// <summary>One silo from its start until it is asked to leave.</summary>
internal sealed class SiloJob(EtrSettings settings, string? readyFile, bool verbose, Terminal terminal, TimeProvider time)
{
    /// <summary>Runs the silo.</summary>
    /// <param name="interrupt">Cancelled when it shall drain and leave.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CommandFailure">Something it needs is missing, or the cluster does not take it.</exception>
    public async Task<int> RunAsync(CancellationToken interrupt)
    {
        var place = SiloPlace.Of(settings.Host.Cluster);
        CheckDevices(place);
        if (place.Roles.HasFlag(SiloRoles.Sampler))
            await RemoteCheck.RunAsync(settings.Host.Samplers, terminal, time, interrupt);
        var data = DataDirectory.Open(settings.Host.Data);
        bool portNamed = settings.Named.Contains("Etr:Dashboard:Port");
        await using EtrHost host = await EtrHost.StartAsync(
            settings, data, plan => SiloParts.Of(plan, data, wakesRuns: true), verbose, portNamed, interrupt);
        await ReadyAsync(host, readyFile, terminal);
        string reason = await host.Services.GetRequiredService<SiloDrain>().WhenAskedAsync(interrupt);
        terminal.Line($"draining: {reason}");
        await new Draining(host, time).RunAsync();
        terminal.Line("drained: the silo leaves");
        return ExitCodes.Done;
    }

    /// <summary>Says that the silo is a member.</summary>
    public static async Task ReadyAsync(EtrHost host, string? readyFile, Terminal terminal)
    {
        terminal.Line(host.ReadyLine);
        if (readyFile is not null)
            await DurableFile.WriteAsync(Path.GetFullPath(readyFile), Encoding.UTF8.GetBytes(host.ReadyLine + "\n"), CancellationToken.None);
    }

    // Better now, in a sentence, than with the first trace. A CPU needs no look: libtorch is loaded when something is drawn.
    private void CheckDevices(SiloPlace place)
    {
        if (!place.Roles.HasFlag(SiloRoles.Sampler))
            return;
        foreach (DeviceSpec device in settings.Host.Cluster.Devices.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(DeviceSpec.Parse).Where(device => device.Device != "cpu"))
            TorchRuntime.Start(device.Device);
    }
}
