using System.Diagnostics;

namespace Etr.Benchmarks.Dashboard;

/// <summary>A verb of this program as a process of its own, spoken to by lines.</summary>
internal sealed class ChildServer : IDisposable
{
    private readonly Process _process;

    private ChildServer(Process process) => _process = process;

    /// <summary>What it said after <c>READY</c>.</summary>
    public string[] Ready { get; private set; } = [];

    /// <summary>Time of a core that it has used.</summary>
    public TimeSpan Busy
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Starts one and waits until it is ready.</summary>
    /// <exception cref="InvalidOperationException">It ended before.</exception>
    public static async Task<ChildServer> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(typeof(ChildServer).Assembly.Location);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        var child = new ChildServer(Process.Start(start)!);
        while (await child._process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (!line.StartsWith("READY ", StringComparison.Ordinal))
                continue;
            child.Ready = line.Split(' ')[1..];
            return child;
        }

        throw new InvalidOperationException($"'{string.Join(' ', arguments)}' ended before it was ready.");
    }

    /// <summary>Asks and returns the answer's line.</summary>
    public async Task<string> AskAsync(string question)
    {
        await _process.StandardInput.WriteLineAsync(question);
        return await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The server has ended.");
    }

    /// <summary>The share of a core that it uses over some seconds.</summary>
    public async Task<double> CoresAsync(double seconds)
    {
        (TimeSpan busy, long since) = (Busy, Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        return (Busy - busy) / Stopwatch.GetElapsedTime(since);
    }

    public void Dispose()
    {
        // Its standard input's end is its own.
        _process.StandardInput.Close();
        if (!_process.WaitForExit(TimeSpan.FromSeconds(60)))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }
}
