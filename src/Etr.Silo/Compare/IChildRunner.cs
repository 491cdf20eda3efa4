namespace Etr.Silo.Compare;

/// <summary>Starts <c>etr</c> as a process of its own and waits until it has ended.</summary>
internal interface IChildRunner
{
    /// <summary>Runs it.</summary>
    /// <param name="arguments">Its command line, without the program.</param>
    /// <param name="log">The file that all it writes is added to.</param>
    /// <param name="interrupt">Asks it to end in good order; it is waited for all the same.</param>
    Task<ChildEnd> RunAsync(IReadOnlyList<string> arguments, string log, CancellationToken interrupt);
}

/// <summary>How a process ended.</summary>
/// <param name="Code">Its exit code.</param>
/// <param name="LastLines">The last of what it wrote.</param>
internal sealed record ChildEnd(int Code, string LastLines);
