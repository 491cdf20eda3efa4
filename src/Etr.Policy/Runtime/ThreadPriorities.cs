using System.Runtime.InteropServices;

namespace Etr.Policy.Runtime;

/// <summary>Priorities of single threads, which .NET leaves alone on Linux.</summary>
internal static partial class ThreadPriorities
{
    private const int OfThread = 0;
    private const int Nice = 5;

    /// <summary>
    /// Puts the calling thread behind others where there are too few cores, and with it the threads that it starts: a silo that
    /// samples on every core still answers the probes of its neighbours.
    /// </summary>
    public static void Lower()
    {
        // What Linux calls a process here is a thread, and 0 the calling one. A system that refuses loses nothing but the favour.
        if (OperatingSystem.IsLinux())
            _ = SetPriority(OfThread, 0, Nice);
        else
            Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
    }

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetPriority(int which, uint who, int priority);
}
