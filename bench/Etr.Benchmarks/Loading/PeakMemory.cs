using System.Globalization;

namespace Etr.Benchmarks.Loading;

/// <summary>By how much the process's resident memory grew at its highest, as Linux counts it.</summary>
internal static class PeakMemory
{
    /// <summary>Runs something and says its peak in bytes.</summary>
    public static long Of(Action work)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Status("VmRSS");
        work();
        return Status("VmHWM") - before;
    }

    private static long Status(string field) => long.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * 1024;
}
