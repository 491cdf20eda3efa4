using System.Threading.Channels;
using Etr.Core.Rollouts;
using Etr.Policy.Runtime;

namespace Etr.Policy.Rollouts;

/// <summary>
/// The bounded queue in front of an engine and the one thread behind it. Submitting waits while the queue is full; stopping
/// cancels what is drawn at the next token boundary and waits for the thread.
/// </summary>
internal sealed class RequestQueue : IAsyncDisposable
{
    private readonly Channel<RolloutRequest> _channel;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<RequestQueue> _loop;
    private readonly bool _lowPriority;
    private int _disposed;

    /// <summary>A queue whose thread runs <paramref name="loop"/> until it returns.</summary>
    public RequestQueue(string name, int length, bool lowPriority, Action<RequestQueue> loop)
    {
        _channel = Channel.CreateBounded<RolloutRequest>(new BoundedChannelOptions(length) { SingleReader = true });
        _loop = loop;
        _lowPriority = lowPriority;
        new Thread(Run)
        {
            Name = name,
            IsBackground = true,
        }.Start();
    }

    /// <summary>Set once the engine is to stop.</summary>
    public CancellationToken Stopping => _stop.Token;

    public async ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        try
        {
            await _channel.Writer.WriteAsync(request, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(RequestQueue), "the engine has stopped");
        }
    }

    /// <summary>The next request if one waits; to be called on the engine's thread.</summary>
    public bool TryTake(out RolloutRequest? request) => _channel.Reader.TryRead(out request);

    /// <summary>Blocks the engine's thread until a request waits; false once the queue is closed and empty.</summary>
    public bool Wait() => _channel.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stop.CancelAsync();
            _channel.Writer.TryComplete();
        }

        await _ended.Task;
    }

    // What ends the loop is handed to whoever waits for the thread; here nobody could catch it.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "handed to whoever disposes the engine")]
    private void Run()
    {
        try
        {
            if (_lowPriority)
                ThreadPriorities.Lower();
            _loop(this);
            _ended.SetResult();
        }
        catch (Exception e)
        {
            _channel.Writer.TryComplete(e);
            _ended.SetException(e);
        }
    }
}
