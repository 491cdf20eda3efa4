using Etr.Policy.Runtime;

namespace Etr.Policy.Memory;

/// <summary>How much memory a device has.</summary>
public static class DeviceMemory
{
    /// <summary>
    /// Bytes that may be used on a device: on the CPU by this process, a container's limit counted; on a CUDA device all it has, as the
    /// driver says. Null where there is no driver or no such device.
    /// </summary>
    /// <param name="device">As <c>Etr:Policy:Device</c> names it.</param>
    public static long? Of(string device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device == "cpu" ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : CudaDriver.Find()?.Devices.FirstOrDefault(found => found.Name == device)?.Bytes;
    }
}
