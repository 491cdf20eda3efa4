using Microsoft.Extensions.Logging;

namespace Etr.Grains.Logging;

/// <summary>
/// A logger whose lines all are about the same thing. The scope is opened around each line, not around a call: a grain's pumps and
/// timers log too, and what is not written costs nothing.
/// </summary>
internal sealed class ScopedLogger(ILogger inner, LogScope scope) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => inner.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => inner.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!inner.IsEnabled(logLevel))
            return;
        using (inner.BeginScope(scope))
            inner.Log(logLevel, eventId, state, exception, formatter);
    }
}

/// <summary>Loggers about one thing.</summary>
internal static class ScopedLoggers
{
    public static ILogger InRun(this ILogger logger, string run) => new ScopedLogger(logger, LogScope.OfRun(run));

    public static ILogger InGroup(this ILogger logger, string key) => new ScopedLogger(logger, LogScope.OfGroup(key));

    public static ILogger InDraw(this ILogger logger, Samplers.DrawRequest request) => new ScopedLogger(logger, LogScope.OfDraw(request));
}
