using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Etr.Silo.Archive;

/// <summary>
/// The one thread that archives are read on, with a bounded queue before it. Whoever asks gets an answer within a deadline, if need be the
/// one for the case that there is none.
/// </summary>
internal sealed partial class ReadingThread : IDisposable
{
    /// <summary>Readings that wait at most.</summary>
    public const int Most = 32;

    /// <summary>From the asking on: then a reading ends with what it has.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromSeconds(2);

    /// <summary>From the asking on: then nobody waits for it any more.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2.5);

    private static readonly TimeSpan End = TimeSpan.FromSeconds(5);

    private readonly BlockingCollection<Action> _queue = new(Most);
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    public ReadingThread(TimeProvider time, ILogger logger)
    {
        (_time, _logger) = (time, logger);
        _thread = new Thread(Loop) { Name = "etr-archive-reader", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Reads on the thread.</summary>
    /// <param name="run">The run, for messages.</param>
    /// <param name="read">The reading; it ends with what it has when its token says so.</param>
    /// <param name="instead">The answer where there are too many readings, or this one fails or takes too long.</param>
    public async Task<T> ReadAsync<T>(string run, Func<CancellationToken, T> read, T instead)
    {
        using var late = new CancellationTokenSource(Deadline, _time);
        var answer = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        long asked = _time.GetTimestamp();
        try
        {
            if (_queue.TryAdd(() => answer.TrySetResult(Read(run, read, instead, Budget - _time.GetElapsedTime(asked)))))
                return await answer.Task.WaitAsync(late.Token);
            LogUnanswered(run, "too many readings are waiting");
        }
        catch (OperationCanceledException)
        {
            LogUnanswered(run, "it took too long");
        }
        catch (InvalidOperationException)
        {
            // The silo is ending.
        }

        return instead;
    }

    /// <summary>Ends the thread after the reading under way.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        _stop.Cancel();
        if (!_thread.Join(End))
            return;
        _queue.Dispose();
        _stop.Dispose();
    }

    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "a reading that fails must not end the thread of all the others")]
    private T Read<T>(string run, Func<CancellationToken, T> read, T instead, TimeSpan left)
    {
        // One that waited long would end before it has begun, and have looked at nothing.
        if (left < Budget / 2 || _stop.IsCancellationRequested)
            return instead;
        using var budget = new CancellationTokenSource(left, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(budget.Token, _stop.Token);
        try
        {
            return read(either.Token);
        }
        catch (Exception exception)
        {
            LogUnanswered(run, exception.Message);
            return instead;
        }
    }

    private void Loop()
    {
        foreach (Action reading in _queue.GetConsumingEnumerable())
            reading();
    }

    [LoggerMessage(EventId = 2211, Level = LogLevel.Information, Message = "Run {Run}: the archive was not read: {Reason}")]
    private partial void LogUnanswered(string run, string reason);
}
