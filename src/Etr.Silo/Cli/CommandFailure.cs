namespace Etr.Silo.Cli;

/// <summary>
/// Ends a command with one sentence for the person at the keyboard: what is wrong and the way out. Never shown with a stack
/// trace, unless asked for.
/// </summary>
internal sealed class CommandFailure(string message, int exitCode = ExitCodes.BadUsage, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The process's exit code.</summary>
    public int ExitCode { get; } = exitCode;
}
