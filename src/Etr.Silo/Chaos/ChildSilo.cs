using System.Diagnostics;
using Etr.Silo.Cli;
using Etr.Silo.Processes;

namespace Etr.Silo.Chaos;

/// <summary>A silo in a process of its own, to be killed, frozen, drained and started again.</summary>
internal sealed class ChildSilo : IAsyncDisposable
{
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(45);
    private readonly Process _process;
    private readonly Transcript _transcript = new();
    private readonly TaskCompletionSource<string> _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildSilo(string roles, Process process) => (Roles, _process) = (roles, process);

    /// <summary>Its roles, as they were asked for.</summary>
    public string Roles { get; }

    /// <summary>Its process.</summary>
    public int ProcessId => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Its last lines.</summary>
    public string Transcript => _transcript.LastLines;

    /// <summary>Starts a silo; it need not be a member yet.</summary>
    /// <param name="roles">Its roles.</param>
    /// <param name="arguments">What else <c>etr silo</c> is told.</param>
    /// <param name="transcripts">A directory for all that it writes, a file a process; null keeps the last lines only.</param>
    public static ChildSilo Start(string roles, IEnumerable<string> arguments, string? transcripts = null)
    {
        var process = new Process { StartInfo = OwnProgram.With(["silo", "--roles", roles, .. arguments]), EnableRaisingEvents = true };
        var child = new ChildSilo(roles, process);
        process.OutputDataReceived += (_, e) => child.Hear(e.Data);
        process.ErrorDataReceived += (_, e) => child.Hear(e.Data);
        process.Exited += (_, _) => child._ready.TrySetResult("");
        process.Start();
        if (transcripts is not null)
            child._transcript.KeepIn(Path.Combine(transcripts, $"{roles.Replace(',', '-')}-{process.Id}.log"));
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
    public void Freeze() => OwnProgram.Send(_process, OwnProgram.Stop);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => OwnProgram.Send(_process, OwnProgram.Continue);

    /// <summary>Asks it to drain and waits until it has left; kills it where it does not.</summary>
    /// <returns>Whether it left by itself, in good order.</returns>
    public async Task<bool> DrainAsync()
    {
        OwnProgram.Send(_process, OwnProgram.Terminate);
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
        _transcript.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
            return;
        _transcript.Add(line);
        if (line.StartsWith("READY ", StringComparison.Ordinal))
            _ready.TrySetResult(line);
    }
}
