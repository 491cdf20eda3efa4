using System.Runtime.InteropServices;
using TorchSharp;

namespace Etr.Policy.Runtime;

/// <summary>Loads libtorch, checks the device asked for, and sets thread counts; to be called before anything else touches a tensor.</summary>
public sealed partial class TorchRuntime
{
    private TorchRuntime(torch.Device device, int threads)
    {
        Device = device;
        Threads = threads;
    }

    /// <summary>Where tensors live.</summary>
    public torch.Device Device { get; }

    /// <summary>Threads one tensor operation may use, at least 1.</summary>
    public int Threads { get; }

    /// <summary>Loads libtorch and opens a device.</summary>
    /// <param name="device"><c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</param>
    /// <param name="threads">Threads of one operation; 0 means one a core.</param>
    /// <exception cref="TorchUnavailableException">libtorch does not load, or there is no such CUDA device.</exception>
    /// <exception cref="ArgumentException"><paramref name="device"/> is none of the above, or <paramref name="threads"/> is negative.</exception>
    public static TorchRuntime Start(string device = "cpu", int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        int index = ParseDevice(device);

        // Read once, when the OpenMP runtime loads: threads that spin while they wait starve their neighbours
        // on a shared machine. A value the user has set stays.
        if (OperatingSystem.IsLinux())
            _ = SetEnvironmentVariableIfUnset("OMP_WAIT_POLICY", "PASSIVE", 0);

        Load();
        if (index >= 0)
            CheckCuda(device, index);

        int count = threads == 0 ? Environment.ProcessorCount : threads;
        torch.set_num_threads(count);
        return new TorchRuntime(index < 0 ? torch.CPU : torch.device(DeviceType.CUDA, index), count);
    }

    /// <summary>
    /// Gives the calling thread its share of threads. OpenMP counts are a property of the calling thread, so each
    /// dedicated engine thread calls this before its first operation.
    /// </summary>
    /// <param name="threads">Threads of one operation, at least 1.</param>
    public static void UseThreads(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        // A thread's first operation takes what any thread set last, unless it has asked before: then what it sets itself stays.
        _ = torch.get_num_threads();
        torch.set_num_threads(threads);
    }

    /// <summary>Whether libtorch loads and finds a CUDA device that it can use.</summary>
    public static bool HasCuda()
    {
        try
        {
            Load();
            return torch.cuda.is_available();
        }
        catch (TorchUnavailableException)
        {
            return false;
        }
    }

    // -1 for the CPU, otherwise the CUDA index.
    private static int ParseDevice(string device)
    {
        if (device == "cpu")
            return -1;
        if (device == "cuda")
            return 0;
        if (device.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(device.AsSpan(5), System.Globalization.NumberStyles.None, null, out int index) && index < 64)
            return index;
        throw new ArgumentException($"device '{device}' is none of cpu, cuda, cuda:N", nameof(device));
    }

    private static void Load()
    {
        try
        {
            using torch.Tensor probe = torch.ones(1);
        }
        catch (Exception e) when (e is NotSupportedException or DllNotFoundException or TypeInitializationException
            or EntryPointNotFoundException or BadImageFormatException)
        {
            throw new TorchUnavailableException(
                $"libtorch does not load ({LoaderMessage() ?? e.GetBaseException().Message}): build with -p:TorchBackend=cpu, or with "
                + "-p:TorchBackend=external and LD_LIBRARY_PATH naming the lib folder of libtorch 2.10.0.", e);
        }
    }

    // TorchSharp blames a missing package whatever went wrong; the dynamic loader knows better.
    private static string? LoaderMessage()
    {
        try
        {
            NativeLibrary.Load(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"));
            return null;
        }
        catch (DllNotFoundException e)
        {
            string[] lines = e.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return lines.FirstOrDefault(line => line.Contains("GLIBCXX", StringComparison.Ordinal)) ?? lines.FirstOrDefault();
        }
    }

    // TorchSharp swallows a CUDA load that fails, and would go on with the CPU.
    private static void CheckCuda(string device, int index)
    {
        if (!torch.TryInitializeDeviceType(DeviceType.CUDA) || !torch.cuda.is_available())
            throw new TorchUnavailableException(
                $"device '{device}' was asked for and no CUDA device can be used: check the driver with nvidia-smi and "
                + "build with -p:TorchBackend=cuda, or choose device cpu.");
        if (index >= torch.cuda.device_count())
            throw new TorchUnavailableException(
                $"device '{device}' was asked for and there are {torch.cuda.device_count()} CUDA devices: choose a lower index.");
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironmentVariableIfUnset(string name, string value, int overwrite);
}
