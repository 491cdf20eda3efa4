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
        CudaDriver? driver = CudaDriver.Find();
        yield return Driver(driver);
        yield return Try("libtorch", () =>
        {
            var runtime = TorchRuntime.Start(settings.Run.Policy.Device, settings.Run.Policy.Threads);
            return $"loads; device {runtime.Device}, {runtime.Threads} threads";
        });
        yield return Try("libstdc++", StandardLibrary);
        foreach (string device in Devices(driver))
        {
            yield return Try("dtypes", () => TypesOf(device));
            yield return Try("parity", () => Parity(device, driver));
        }

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

    private string[] Configured => [.. settings.Host.Cluster.Devices.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .Select(name => DeviceSpec.Parse(name).Device).Prepend(settings.Run.Policy.Device).Distinct()];

    // What is configured, and what is there besides for a build that can use it.
    private IEnumerable<string> Devices(CudaDriver? driver) =>
        Configured.Concat(driver is not null && TorchRuntime.HasCuda() ? driver.Devices.Select(device => device.Name) : []).Distinct();

    private Finding Driver(CudaDriver? driver)
    {
        bool wanted = Configured.Any(device => device != "cpu");
        if (driver is null or { Devices.Count: 0 })
        {
            return new Finding("driver", !wanted, wanted
                ? $"{string.Join(", ", Configured)} is configured and no CUDA driver {(driver is null ? "answers here" : "has a device here")}: install NVIDIA's driver, or set Etr:Policy:Device=cpu"
                : "no CUDA device here; drawing and training take the CPU");
        }

        string found = string.Join(", ", driver.Devices.Select(device => $"{device.Name} {device.Model} {device.Bytes >> 20} MiB"));
        return new Finding("driver", true, $"CUDA {driver.Version}: {found}{(TorchRuntime.HasCuda() ? "" : "; this build of libtorch cannot use it: build with -p:TorchBackend=cuda")}");
    }

    private static string TypesOf(string device)
    {
        IReadOnlyList<TypeProbe> probes = DeviceProbe.Probe(TorchRuntime.Start(device, 1));
        string text = $"{device}: {string.Join(", ", probes.Select(probe => probe.Problem is null ? string.Create(CultureInfo.InvariantCulture, $"{probe.Name} off by {probe.Error:0.0e+0}") : $"{probe.Name} not ({probe.Problem})"))}";
        // f16 is read and widened, never computed in.
        return probes.Any(probe => probe is { Problem: not null, Name: not "f16" }) ? throw new CommandFailure(text) : text;
    }

    // TF32 and the like round products to ten bits; more than that is wrong.
    private static string Parity(string device, CudaDriver? driver)
    {
        EngineParity parity = EngineParity.Measure(TorchRuntime.Start(device, 1));
        string text = string.Create(
            CultureInfo.InvariantCulture,
            $"{device}: torch engine against cpu engine, log-probabilities within {parity.FullGap:0.0e+0} in f32, {parity.HalfGap:0.0e+0} in bf16{(driver is null or { Devices.Count: 0 } ? "; no CUDA device was there to compare" : "")}");
        return parity is { FullGap: < 1e-2, HalfGap: < 1 } ? text : throw new CommandFailure($"{text}: the device, its driver or its libtorch computes wrongly");
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
            return new Finding("store", true, $"opens on 127.0.0.1:{store.Port}; the silo would take ports {ports.Silo} and {ports.Gateway}");
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
