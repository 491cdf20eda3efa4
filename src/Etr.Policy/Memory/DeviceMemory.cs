namespace Etr.Policy.Memory;

/// <summary>How much memory a device has.</summary>
public static class DeviceMemory
{
    /// <summary>Bytes this process may use on the CPU, a container's limit counted; null for other devices, which are not asked.</summary>
    /// <param name="device">As <c>Etr:Policy:Device</c> names it.</param>
    public static long? Of(string device) => device == "cpu" ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : null;
}
