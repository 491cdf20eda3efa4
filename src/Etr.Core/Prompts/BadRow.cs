namespace Etr.Core.Prompts;

/// <summary>A row that cannot be used.</summary>
/// <param name="File">The file's path.</param>
/// <param name="Line">Its line, from 1.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record BadRow(string File, long Line, string Reason)
{
    /// <summary>As compilers write it: file, line, reason.</summary>
    /// <returns>One line for people.</returns>
    public override string ToString() => $"{File}:{Line}: {Reason}";
}
