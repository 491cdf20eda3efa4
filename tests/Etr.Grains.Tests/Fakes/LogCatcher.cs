using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Etr.Grains.Tests.Fakes;

/// <summary>Keeps every log line at information or above, with what it is about.</summary>
[ProviderAlias("Catcher")]
internal sealed class LogCatcher : ILoggerProvider, ISupportExternalScope
{
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public ConcurrentQueue<Line> Lines { get; } = [];

    /// <summary>All that was written, scopes and exceptions too.</summary>
    public string Text => string.Join('\n', Lines.Select(line => $"{line.Text} {string.Join(' ', line.Scopes.Select(scope => $"{scope.Key}={scope.Value}"))} {line.Exception}"));

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    public sealed record Line(string Category, LogLevel Level, EventId Id, string Text, IReadOnlyDictionary<string, object?> Scopes, Exception? Exception);

    private sealed class Logger(LogCatcher catcher, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => catcher._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            var scopes = new Dictionary<string, object?>(StringComparer.Ordinal);
            catcher._scopes.ForEachScope(
                (scope, all) =>
                {
                    foreach (KeyValuePair<string, object?> value in scope as IEnumerable<KeyValuePair<string, object?>> ?? [])
                        all[value.Key] = value.Value;
                },
                scopes);
            catcher.Lines.Enqueue(new Line(category, logLevel, eventId, formatter(state, exception), scopes, exception));
        }
    }
}
