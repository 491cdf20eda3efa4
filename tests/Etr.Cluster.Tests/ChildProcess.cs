using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Etr.Cluster.Tests;

/// <summary>A real process whose lines can be waited for, and that can be frozen, asked to end and killed.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private const int Interrupt = 2;
    private const int Terminated = 15;
    private const int Continue = 18;
    private const int Stop = 19;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);
    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private readonly List<string> _output = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(Process process) => _process = process;

    /// <summary>Everything it has written, for a failing test's message.</summary>
    public string Transcript
    {
        get
        {
            lock (_lock)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>What it has written on standard output alone.</summary>
    public IReadOnlyList<string> Output
    {
        get
        {
            lock (_lock)
                return [.. _output];
        }
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Whether the operating system has mapped libtorch into it.</summary>
    public bool HasLoadedTorch => File.ReadLines($"/proc/{_process.Id}/maps").Any(line => line.Contains("libtorch", StringComparison.Ordinal));

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its file.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Variables beside those it inherits.</param>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach ((string name, string value) in environment ?? [])
            start.Environment[name] = value;
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var child = new ChildProcess(process);
        process.OutputDataReceived += (_, e) => child.Add(e.Data, output: true);
        process.ErrorDataReceived += (_, e) => child.Add(e.Data, output: false);
        process.Exited += (_, _) => child.Add(null, output: false);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return child;
    }

    /// <summary>The first line that has the text in it, at its beginning unless <paramref name="anywhere"/>, waiting for it.</summary>
    public async Task<string> LineAsync(string text, bool anywhere = false)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            Task news;
            lock (_lock)
            {
                if (_lines.FirstOrDefault(line => anywhere ? line.Contains(text, StringComparison.Ordinal) : line.StartsWith(text, StringComparison.Ordinal)) is { } found)
                    return found;
                if (_process.HasExited)
                    Assert.Fail($"the process ended with code {_process.ExitCode} before it said '{text}':\n{string.Join('\n', _lines)}");
                news = _news.Task;
            }

            try
            {
                await news.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"the process has not said '{text}' within {Patience.TotalSeconds:0} s:\n{Transcript}");
            }
        }
    }

    /// <summary>Waits for its end.</summary>
    /// <param name="within">How long; null for 100 s.</param>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync(TimeSpan? within = null)
    {
        using var deadline = new CancellationTokenSource(within ?? Patience);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the process has not ended within {(within ?? Patience).TotalSeconds:0} s:\n{Transcript}");
            return -1;
        }
    }

    /// <summary>Kills it as <c>kill -9</c> does: nothing of it gets to run.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    /// <summary>Freezes it: it neither answers nor dies.</summary>
    public void Freeze() => Send(Stop);

    /// <summary>Lets a frozen one go on.</summary>
    public void Thaw() => Send(Continue);

    /// <summary>Asks it to end in good order, as a service manager does.</summary>
    public void Terminate() => Send(Terminated);

    /// <summary>
    /// Sends what Ctrl-C sends. A process started in the background of a shell inherits that it ignores it; there, and so in
    /// some build machines, what ends it in the same way is the termination signal.
    /// </summary>
    public void PressControlC() => Send(Ignores(Interrupt) ? Terminated : Interrupt);

    private void Send(int signal) => Assert.Equal(0, Signal(_process.Id, signal));

    private bool Ignores(int signal)
    {
        string mask = File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("SigIgn:", StringComparison.Ordinal))[7..].Trim();
        return (ulong.Parse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1) & 1) == 1;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Add(string? line, bool output)
    {
        TaskCompletionSource news;
        lock (_lock)
        {
            if (line is not null)
                _lines.Add(line);
            if (line is not null && output)
                _output.Add(line);
            (news, _news) = (_news, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        news.TrySetResult();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
