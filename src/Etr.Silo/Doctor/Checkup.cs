using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;
using Etr.Silo.Store;

namespace Etr.Silo.Doctor;

/// <summary>Looks at everything that the main job needs of a machine, one thing after another, and stops at none.</summary>
internal sealed partial class Checkup(EtrSettings settings)
{
    private const long LeastMemory = 2L << 30;

    /// <summary>Looks.</summary>
    public async IAsyncEnumerable<Finding> RunAsync()
    {
        yield return new Finding("runtime", true, $"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}");
        yield return new Finding("cores", true, $"{Environment.ProcessorCount}, tensor operations use {(settings.Run.Policy.Threads == 0 ? "all" : settings.Run.Policy.Threads.ToString(CultureInfo.InvariantCulture))}");
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        yield return new Finding("memory", memory >= LeastMemory, $"{memory >> 20} MiB{(memory >= LeastMemory ? "" : $"; the main job needs about {LeastMemory >> 20}")}");
        yield return Try("libtorch", () =>
        {
            var runtime = TorchRuntime.Start(settings.Run.Policy.Device, settings.Run.Policy.Threads);
            return $"loads; device {runtime.Device}, {runtime.Threads} threads";
        });
        yield return Try("libstdc++", StandardLibrary);
        yield return Try("model", () =>
        {
            string folder = StartingPolicy.Locate(settings.Run.Policy.Path);
            ModelDescription model = StartingPolicy.Describe(folder, settings.Run.Policy.Template);
            return $"{folder}: {model.Parameters} parameters, drawn with by the {(RolloutEngines.TakesCpu(settings.Run.Policy, model.Config) ? "cpu" : "torch")} engine";
        });
        yield return Try("web port", () =>
        {
            WebAddress web = WebAddress.Of(
                settings.Host.Dashboard, SiloPlace.Of(settings.Host.Cluster).Advertise, settings.Host.Dashboard.Enabled || settings.Named.Contains("Etr:Dashboard:Port"));
            return $"{web.Addresses[0]}:{web.Port} is free";
        });

        DataDirectory? data = null;
        yield return Try("data", () =>
        {
            data = DataDirectory.Open(settings.Host.Data);
            return $"{data.Root} can be written, {new DriveInfo(data.Root).AvailableFreeSpace >> 20} MiB are free";
        });
        if (data is not null)
            yield return await StoreAsync(data);
    }

    private async Task<Finding> StoreAsync(DataDirectory data)
    {
        try
        {
            await using FileStream? held = data.TryHold();
            if (held is null)
                return new Finding("store", true, "another etr is at work with it");
            ClusterPorts ports = await ClusterPorts.TakeAsync(data.Store, settings.Host.Cluster, 0, CancellationToken.None);
            using var store = EmbeddedStore.Start(data, ports.Store);
            return new Finding("store", true, $"opens on 127.0.0.1:{store.Port}");
        }
        catch (Exception e) when (e is CommandFailure or IOException)
        {
            return new Finding("store", false, e.Message);
        }
    }

    private static Finding Try(string name, Func<string> look)
    {
        try
        {
            return new Finding(name, true, look());
        }
        catch (Exception e) when (e is CommandFailure or TorchUnavailableException or Policy.Checkpoints.CheckpointException or IOException)
        {
            return new Finding(name, false, e.Message);
        }
    }

    // The version matters to libtorch's shim alone, which the build adapts where it is older (see Directory.Build.targets).
    private static string StandardLibrary()
    {
        if (!OperatingSystem.IsLinux())
            return "not used here";
        string? path = File.ReadLines("/proc/self/maps").Select(line => line.Split(' ')[^1]).FirstOrDefault(file => file.Contains("libstdc++.so", StringComparison.Ordinal));
        if (path is null)
            return "not loaded";
        int newest = SymbolVersion().Matches(File.ReadAllText(path, System.Text.Encoding.Latin1)).Max(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture));
        return $"{path}, GLIBCXX_3.4.{newest}";
    }

    [GeneratedRegex("GLIBCXX_3\\.4\\.([0-9]{1,3})")]
    private static partial Regex SymbolVersion();
}
