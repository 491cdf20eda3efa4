namespace Etr.Core.Extensions;

/// <summary>A class of the user's own that cannot be loaded or did not do what was asked of it; the message says why.</summary>
public sealed class ExtensionException : Exception
{
    /// <summary>With a reason.</summary>
    public ExtensionException(string message)
        : base(message)
    {
    }

    /// <summary>With a reason and what it came from.</summary>
    public ExtensionException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
