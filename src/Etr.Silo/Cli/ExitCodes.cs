namespace Etr.Silo.Cli;

/// <summary>What the process's exit code says.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>A check or a run failed.</summary>
    public const int Failed = 1;

    /// <summary>Bad usage or configuration: nothing was started.</summary>
    public const int BadUsage = 2;

    /// <summary>Interrupted; state is saved and the run can be resumed.</summary>
    public const int Interrupted = 130;
}
