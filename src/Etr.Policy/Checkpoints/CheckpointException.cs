namespace Etr.Policy.Checkpoints;

/// <summary>A model or checkpoint file is not what it should be. Says which file, which tensor or field, what was expected and what was found.</summary>
public sealed class CheckpointException(string file, string? tensor, string expected, string found, Exception? inner = null)
    : Exception($"{file}{(tensor is null ? "" : $": {tensor}")}: expected {expected}, found {found}", inner)
{
    /// <summary>The file.</summary>
    public string File { get; } = file;

    /// <summary>The tensor or configuration field; null where the file as a whole is at fault.</summary>
    public string? Tensor { get; } = tensor;

    /// <summary>What was expected.</summary>
    public string Expected { get; } = expected;

    /// <summary>What was found.</summary>
    public string Found { get; } = found;
}
