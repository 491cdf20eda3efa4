using System.Diagnostics;
using System.Runtime.InteropServices;
using Etr.Silo.Cli;

namespace Etr.Silo.Chaos;

/// <summary>A silo in a process of its own, to be killed, frozen, drained and started again.</summary>
internal sealed partial class ChildSilo : IAsyncDisposable
{
    private const int Terminate = 15;
    private const int Stop = 19;
    private const int Continue = 18;
    private const int MostLines = 200;
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(45);
    private readonly Process _process;
    private readonly Queue<string> _lines = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly string? _transcripts;
    private StreamWriter? _transcript;

    private ChildSilo(string roles, Process process, string? transcripts) => (Roles, _process, _transcripts) = (roles, process, transcripts);

    /// <summary>Its roles, as they were asked for.</summary>
    public string Roles { get; }

    /// <summary>Its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Its last lines.</summary>
    public string Transcript
    {
        get
        {
            lock (_lines)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Starts a silo; it need not be a member yet.</summary>
    /// <param name="roles">Its roles.</param>
    /// <param name="arguments">What else <c>etr silo</c> is told.</param>
    /// <param name="transcripts">A directory for all that it writes, a file a process; null keeps the last lines only.</param>
    public static ChildSilo Start(string roles, IEnumerable<string> arguments, string? transcripts = null)
    {
        (string program, string[] first) = Program();
        var start = new ProcessStartInfo(program, [.. first, "silo", "--roles", roles, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var child = new ChildSilo(roles, process, transcripts);
        process.OutputDataReceived += (_, e) => child.Hear(e.Data);
        process.ErrorDataReceived += (_, e) => child.Hear(e.Data);
        process.Exited += (_, _) => child._ready.TrySetResult("");
        process.Start();
        child.Keep();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return child;
    }

    /// <summary>The line by which it says that it is a member.</summary>
    /// <exception cref="CommandFailure">It ended, or has not said so within a minute.</exception>
    public async Task<string> ReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            string line = await _ready.Task.WaitAsync(ReadyPatience, cancellationToken);
            return line.Length > 0 ? line : throw new CommandFailure($"a silo with the roles {Roles} ended before it was a member:\n{Transcript}", ExitCodes.Failed);
        }
        catch (TimeoutException e)
        {
            throw new CommandFailure($"a silo with the roles {Roles} was no member after {ReadyPatience.TotalSeconds:0} s:\n{Transcript}", ExitCodes.Failed, e);
        }
    }

    /// <summary>Kills it as <c>kill -9</c> does, frozen or not.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Freezes it: it neither answers nor dies.</summary>
    public void Freeze() => Send(Stop);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => Send(Continue);

    /// <summary>Asks it to drain and waits until it has left; kills it where it does not.</summary>
    /// <returns>Whether it left by itself, in good order.</returns>
    public async Task<bool> DrainAsync()
    {
        Send(Terminate);
        try
        {
            await _process.WaitForExitAsync().WaitAsync(LeavePatience);
            return _process.ExitCode == ExitCodes.Done;
        }
        catch (TimeoutException)
        {
            await KillAsync();
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        lock (_lines)
        {
            _transcript?.Dispose();
            _transcript = null;
        }
    }

    // The program itself, the runtime with the program as its first argument, or, from another program, the one beside it.
    private static (string Program, string[] First) Program()
    {
        string running = Environment.ProcessPath!;
        return Path.GetFileNameWithoutExtension(running) switch
        {
            "etr" => (running, []),
            "dotnet" => (running, [typeof(ChildSilo).Assembly.Location]),
            _ => (Path.Combine(AppContext.BaseDirectory, "etr"), []),
        };
    }

    private void Keep()
    {
        if (_transcripts is { } directory)
            _transcript = new StreamWriter(Path.Combine(directory, $"{Roles.Replace(',', '-')}-{_process.Id}.log")) { AutoFlush = true };
    }

    private void Hear(string? line)
    {
        if (line is null)
            return;
        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > MostLines)
                _lines.Dequeue();
            _transcript?.WriteLine(line);
        }

        if (line.StartsWith("READY ", StringComparison.Ordinal))
            _ready.TrySetResult(line);
    }

    private void Send(int signal)
    {
        if (!_process.HasExited)
            _ = Signal(_process.Id, signal);
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
