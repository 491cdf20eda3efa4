using System.Diagnostics;
using Etr.Silo.Configuration;
using Etr.Silo.Processes;

namespace Etr.Silo.Compare;

/// <summary>Runs <c>etr train</c> in a process of its own.</summary>
internal sealed class TrainChild : IChildRunner
{
    // A step that is being trained is let finish; this is longer than any wait of a run that pauses.
    private static readonly TimeSpan LeavePatience = TimeSpan.FromMinutes(2);

    /// <inheritdoc/>
    public async Task<ChildEnd> RunAsync(IReadOnlyList<string> arguments, string log, CancellationToken interrupt)
    {
        using var transcript = new Transcript();
        transcript.KeepIn(log);
        ProcessStartInfo start = OwnProgram.With(arguments);

        // The settings on its command line are all there are: two runs must not be told one port or directory.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith(SettingSchema.Root + "__", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Hear(transcript, e.Data);
        process.ErrorDataReceived += (_, e) => Hear(transcript, e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(interrupt);
        }
        catch (OperationCanceledException)
        {
            await LeaveAsync(process);
        }

        return new ChildEnd(process.ExitCode, transcript.LastLines);
    }

    private static async Task LeaveAsync(Process process)
    {
        OwnProgram.Send(process, OwnProgram.Terminate);
        try
        {
            await process.WaitForExitAsync().WaitAsync(LeavePatience);
        }
        catch (TimeoutException)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static void Hear(Transcript transcript, string? line)
    {
        if (line is not null)
            transcript.Add(line);
    }
}
