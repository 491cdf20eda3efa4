using Etr.Silo.Cli;

namespace Etr.Silo.Hosting;

/// <summary>
/// What a silo does when it cannot be a member any more, as one that was frozen for so long that the others declared it dead:
/// it says so in a sentence and ends at once. Nothing it might still do would count, since its writes fail by their ETags.
/// </summary>
internal sealed class FatalErrors(ILogger<FatalErrors> logger) : IFatalErrorHandler
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public bool IsUnexpected(Exception exception) => exception is not OperationCanceledException;

    /// <inheritdoc/>
    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        string told = context ?? exception?.Message ?? "it cannot go on";
        LogFatal(logger, told, exception);
        Console.Error.WriteLine($"etr: this silo stops: {Reason(told)}; start it again and it joins anew");
        Console.Error.Flush();

        // Handlers of the ordinary exit may wait for what no longer answers.
        _ = new Timer(_ => System.Diagnostics.Process.GetCurrentProcess().Kill(), null, Patience, Timeout.InfiniteTimeSpan);
        Environment.Exit(ExitCodes.Failed);
    }

    private static string Reason(string context) =>
        context.Contains("dead", StringComparison.OrdinalIgnoreCase)
            ? "the other silos have declared it dead, because it did not answer them for too long"
            : context.ReplaceLineEndings(" ").TrimEnd('.');

    private static readonly Action<ILogger, string, Exception?> LogFatal =
        LoggerMessage.Define<string>(LogLevel.Critical, new EventId(1, nameof(FatalErrors)), "The silo cannot go on: {Context}");
}
