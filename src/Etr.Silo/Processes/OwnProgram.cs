using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Etr.Silo.Processes;

/// <summary>The program <c>etr</c> itself, to be started once more as a process of its own, and signals to such a process.</summary>
internal static partial class OwnProgram
{
    /// <summary>Asks a process to end in good order.</summary>
    public const int Terminate = 15;

    /// <summary>Freezes a process.</summary>
    public const int Stop = 19;

    /// <summary>Lets a frozen process go on.</summary>
    public const int Continue = 18;

    /// <summary>How to start the program with some arguments, what it writes redirected.</summary>
    public static ProcessStartInfo With(IEnumerable<string> arguments)
    {
        (string program, string[] first) = Find();
        return new ProcessStartInfo(program, [.. first, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
    }

    /// <summary>Sends a signal to a process that has not ended.</summary>
    public static void Send(Process process, int signal)
    {
        if (!process.HasExited)
            _ = Signal(process.Id, signal);
    }

    // The program itself, the runtime with the program as its first argument, or, from another program, the one beside it.
    private static (string Program, string[] First) Find()
    {
        string running = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(running) switch
        {
            "etr" => (running, []),
            "dotnet" => (running, [typeof(OwnProgram).Assembly.Location]),
            _ => (Path.Combine(AppContext.BaseDirectory, "etr"), []),
        };
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
