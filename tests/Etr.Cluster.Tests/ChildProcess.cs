using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Etr.Cluster.Tests;

/// <summary>A real <c>etr</c> process whose lines can be waited for.</summary>
internal sealed partial class EtrProcess : IAsyncDisposable
{
    private const int Interrupt = 2;
    private const int Terminate = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(100);
    private readonly Process _process;
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private EtrProcess(Process process) => _process = process;

    /// <summary>Everything it has written, for a failing test's message.</summary>
    public string Transcript
    {
        get
        {
            lock (_lock)
                return string.Join('\n', _lines);
        }
    }

    /// <summary>Starts the program.</summary>
    public static EtrProcess Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "etr"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        // One run a test at a time on a small machine: threads that spin would starve their neighbours.
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var etr = new EtrProcess(process);
        process.OutputDataReceived += (_, e) => etr.Add(e.Data);
        process.ErrorDataReceived += (_, e) => etr.Add(e.Data);
        process.Exited += (_, _) => etr.Add(null);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return etr;
    }

    /// <summary>Runs it to its end.</summary>
    public static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        await using EtrProcess etr = Start(arguments);
        int code = await etr.EndAsync();
        return (code, etr.Transcript);
    }

    /// <summary>The first line that begins with the text, waiting for it.</summary>
    public async Task<string> LineAsync(string beginning)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (true)
        {
            Task news;
            lock (_lock)
            {
                if (_lines.FirstOrDefault(line => line.StartsWith(beginning, StringComparison.Ordinal)) is { } found)
                    return found;
                if (_process.HasExited)
                    Assert.Fail($"etr ended with code {_process.ExitCode} before it said '{beginning}':\n{string.Join('\n', _lines)}");
                news = _news.Task;
            }

            try
            {
                await news.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"etr has not said '{beginning}' within {Patience.TotalSeconds:0} s:\n{Transcript}");
            }
        }
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> EndAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"etr has not ended within {Patience.TotalSeconds:0} s:\n{Transcript}");
            return -1;
        }
    }

    /// <summary>Kills it as <c>kill -9</c> does: nothing of it gets to run.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await EndAsync();
    }

    /// <summary>
    /// Sends what Ctrl-C sends. A process started in the background of a shell inherits that it ignores it; there, and so in
    /// some build machines, what ends it in the same way is the termination signal.
    /// </summary>
    public void PressControlC() => Assert.Equal(0, Signal(_process.Id, Ignores(Interrupt) ? Terminate : Interrupt));

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

    private void Add(string? line)
    {
        TaskCompletionSource news;
        lock (_lock)
        {
            if (line is not null)
                _lines.Add(line);
            (news, _news) = (_news, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        news.TrySetResult();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Signal(int process, int signal);
}
