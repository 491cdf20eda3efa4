using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Etr.Policy.Runtime;

/// <summary>NVIDIA's driver, asked directly: it answers without libtorch, and says what a build without CUDA cannot.</summary>
/// <param name="Version">The newest CUDA version that it runs, such as <c>12.8</c>.</param>
/// <param name="Devices">Its devices.</param>
public sealed record CudaDriver(string Version, IReadOnlyList<CudaDevice> Devices)
{
    private const int NameLength = 256;

    /// <summary>Finds the driver.</summary>
    /// <returns>What it says; null where there is none, or it does not start.</returns>
    public static CudaDriver? Find()
    {
        if (!NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1", out nint library))
            return null;
        try
        {
            return Ask(library);
        }
        catch (EntryPointNotFoundException)
        {
            return null;
        }
    }

    // Handles are small and the driver is the process's for good, so it is not freed.
    private static unsafe CudaDriver? Ask(nint library)
    {
        var initialise = (delegate* unmanaged<uint, int>)NativeLibrary.GetExport(library, "cuInit");
        var driverVersion = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDriverGetVersion");
        var count = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDeviceGetCount");
        var get = (delegate* unmanaged<int*, int, int>)NativeLibrary.GetExport(library, "cuDeviceGet");
        var name = (delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(library, "cuDeviceGetName");
        var total = (delegate* unmanaged<nuint*, int, int>)NativeLibrary.GetExport(library, "cuDeviceTotalMem_v2");
        int version, devices;
        if (initialise(0) != 0 || driverVersion(&version) != 0 || count(&devices) != 0)
            return null;

        var found = new List<CudaDevice>();
        byte* text = stackalloc byte[NameLength];
        for (int i = 0; i < devices; i++)
        {
            int device;
            nuint bytes;
            if (get(&device, i) != 0 || total(&bytes, device) != 0 || name(text, NameLength, device) != 0)
                continue;
            int length = new ReadOnlySpan<byte>(text, NameLength).IndexOf((byte)0);
            found.Add(new CudaDevice($"cuda:{i}", Encoding.UTF8.GetString(text, length < 0 ? NameLength : length), (long)bytes));
        }

        return new CudaDriver(string.Create(CultureInfo.InvariantCulture, $"{version / 1000}.{version % 1000 / 10}"), found);
    }
}

/// <summary>A device of the driver.</summary>
/// <param name="Name">As <c>Etr:Policy:Device</c> names it, <c>cuda:N</c>.</param>
/// <param name="Model">What it is.</param>
/// <param name="Bytes">Its memory.</param>
public sealed record CudaDevice(string Name, string Model, long Bytes);
