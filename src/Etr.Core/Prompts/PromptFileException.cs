namespace Etr.Core.Prompts;

/// <summary>A prompt file cannot be used.</summary>
public sealed class PromptFileException : Exception
{
    /// <summary>A row of it is bad.</summary>
    /// <param name="row">The row.</param>
    public PromptFileException(BadRow row)
        : base(row?.ToString()) => Row = row;

    /// <summary>The whole of it cannot be used.</summary>
    /// <param name="message">Which file, and why.</param>
    public PromptFileException(string message)
        : base(message)
    {
    }

    /// <summary>The bad row; null where the matter is with the whole file.</summary>
    public BadRow? Row { get; }
}
