using System.Threading.Channels;
using Microsoft.Win32.SafeHandles;

namespace Etr.Core.Files;

/// <summary>
/// Writes files for many callers at once, whole or not there as <see cref="DurableFile"/> does. A thread of its own waits for the
/// disk, so no pool thread does; what is asked for meanwhile goes to disk in one pass, with an fsync for each file and one for each
/// directory.
/// </summary>
public sealed class DurableWriter : IDisposable
{
    private const int MostWaiting = 1024;
    private const int MostAtOnce = 64;

    private readonly Channel<Order> _orders = Channel.CreateBounded<Order>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
    private readonly Lock _lock = new();
    private Thread? _thread;

    /// <summary>Writes a file, replacing what was there. The directory is made where it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">Its content, which must not change until the file is written.</param>
    /// <param name="cancellationToken">Ends the wait; the file may be written all the same, whole.</param>
    /// <exception cref="IOException">No room, or the directory cannot be written; nothing is left under the final name.</exception>
    /// <exception cref="ObjectDisposedException">The writer has been disposed.</exception>
    public async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var order = new Order(path, content);
        Start();
        try
        {
            await _orders.Writer.WriteAsync(order, cancellationToken);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(DurableWriter));
        }

        await order.Written.WaitAsync(cancellationToken);
    }

    /// <summary>Takes no more; what was taken is still written.</summary>
    public void Dispose()
    {
        _orders.Writer.TryComplete();
        Thread? thread;
        lock (_lock)
            thread = _thread;
        thread?.Join();
    }

    // Most processes that could write never do.
    private void Start()
    {
        lock (_lock)
        {
            if (_thread is not null)
                return;
            _thread = new Thread(Run) { IsBackground = true, Name = "durable files" };
            _thread.Start();
        }
    }

    private void Run()
    {
        var pass = new List<Order>(MostAtOnce);
        while (_orders.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (pass.Count < MostAtOnce && _orders.Reader.TryRead(out Order? order))
                pass.Add(order);
            Write(pass);
            pass.Clear();
        }
    }

    // Every file is begun before the first is waited for: the disk then has them all in hand.
    private static void Write(List<Order> pass)
    {
        foreach (Order order in pass)
            order.Begin();
        foreach (Order order in pass)
            order.Finish();
        foreach (string directory in pass.Where(order => !order.HasFailed).Select(order => order.Directory).Distinct(StringComparer.Ordinal))
            DurableFile.SyncDirectory(directory);
        foreach (Order order in pass)
            order.Answer();
    }

    /// <summary>A file to write.</summary>
    private sealed class Order(string path, ReadOnlyMemory<byte> content)
    {
        private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private SafeFileHandle? _file;
        private string _temporary = "";
        private Exception? _failure;

        public Task Written => _written.Task;

        public string Directory { get; private set; } = "";

        public bool HasFailed => _failure is not null;

        public void Begin() => Try(() =>
        {
            (Directory, _temporary) = DurableFile.Aside(path);
            _file = File.OpenHandle(_temporary, FileMode.CreateNew, FileAccess.Write);
            RandomAccess.Write(_file, content.Span, 0);
        });

        public void Finish() => Try(() =>
        {
            RandomAccess.FlushToDisk(_file!);
            _file!.Dispose();
            File.Move(_temporary, path, overwrite: true);
        });

        public void Answer()
        {
            if (_failure is null)
                _written.TrySetResult();
            else
                _written.TrySetException(_failure);
        }

        // One that fails fails alone; the thread and the rest of the pass go on.
        private void Try(Action act)
        {
            if (HasFailed)
                return;
            try
            {
                act();
            }
            catch (Exception exception)
            {
                _failure = exception;
                _file?.Dispose();
                TryDelete();
            }
        }

        private void TryDelete()
        {
            try
            {
                if (_temporary.Length > 0)
                    File.Delete(_temporary);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // The first failure is the one that is told; a leftover has no final name.
            }
        }
    }
}
