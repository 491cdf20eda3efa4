using System.Threading.Channels;

namespace Etr.Policy.Training;

/// <summary>
/// The one thread on which a trainer's native code runs, behind a bounded queue: work is done in order, one piece at a time, and
/// callers wait without holding a thread.
/// </summary>
internal sealed class LearnerThread : IAsyncDisposable
{
    // Callers await each call; more waiting than this is a caller that does not.
    private const int Depth = 4;

    private readonly Channel<IWork> _queue = Channel.CreateBounded<IWork>(new BoundedChannelOptions(Depth) { SingleReader = true });
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action _begin;
    private readonly Action _end;
    private int _disposed;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">The thread's name, for a person with a debugger.</param>
    /// <param name="begin">Runs on it first.</param>
    /// <param name="end">Runs on it last, after the queue is empty.</param>
    public LearnerThread(string name, Action begin, Action end)
    {
        _begin = begin;
        _end = end;
        new Thread(Loop) { Name = name, IsBackground = true }.Start();
    }

    /// <summary>Queues a piece of work and waits for its result.</summary>
    /// <param name="work">Runs on the thread; its token is set by the caller's cancellation and by disposal.</param>
    /// <param name="cancellationToken">The caller's. Work not begun is dropped; work begun ends where it next looks at its token.</param>
    /// <exception cref="ObjectDisposedException">The thread has been stopped.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);
        using CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stop.Token);
        Work<T> item = new(work, linked.Token);
        try
        {
            await _queue.Writer.WriteAsync(item, linked.Token);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(LearnerThread));
        }

        return await item.Result;
    }

    /// <summary>Cancels what is queued and running, lets the thread end and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stop.CancelAsync();
            _queue.Writer.Complete();
        }

        await _ended.Task;
    }

    private void Loop()
    {
        try
        {
            _begin();
            while (_queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (_queue.Reader.TryRead(out IWork? item))
                    item.Run();
            }
        }
        finally
        {
            _end();
            _ended.SetResult();
        }
    }

    private interface IWork
    {
        void Run();
    }

    private sealed class Work<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken) : IWork
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Result => _result.Task;

        // Whatever the work throws belongs to its caller; the thread goes on with the next piece.
        [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "handed to the caller")]
        public void Run()
        {
            try
            {
                cancellationToken.ThrowIfCancellationRequested();
                _result.SetResult(work(cancellationToken));
            }
            catch (OperationCanceledException e)
            {
                _result.SetCanceled(e.CancellationToken);
            }
            catch (Exception e)
            {
                _result.SetException(e);
            }
        }
    }
}
