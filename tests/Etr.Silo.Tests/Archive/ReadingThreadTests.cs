using Etr.Silo.Archive;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Silo.Tests.Archive;

public sealed class ReadingThreadTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _time = new();
    private readonly ReadingThread _thread;

    public ReadingThreadTests() => _thread = new ReadingThread(_time, NullLogger.Instance);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _thread.Dispose();

    [Fact]
    public async Task Readings_are_made_on_the_thread_and_never_on_the_pool()
    {
        (string?, bool) where = await _thread.ReadAsync("run", _ => (Thread.CurrentThread.Name, Thread.CurrentThread.IsThreadPoolThread), ("", true));
        Assert.Equal(("etr-archive-reader", false), where);
    }

    [Fact]
    public async Task A_reading_that_fails_is_answered_for_and_the_next_is_made()
    {
        Assert.Equal(-1, await _thread.ReadAsync("run", int (_) => throw new InvalidDataException("broken"), -1));
        Assert.Equal(7, await _thread.ReadAsync("run", _ => 7, -1));
    }

    [Fact]
    public async Task More_readings_than_may_wait_are_answered_at_once()
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        Task<int> first = _thread.ReadAsync("run", _ => Begin(begun, gate), -1);
        begun.Wait(Cancellation);
        Task<int>[] waiting = [.. Enumerable.Range(0, ReadingThread.Most).Select(i => _thread.ReadAsync("run", _ => i, -1))];

        Assert.Equal(-1, await _thread.ReadAsync("run", _ => 99, -1).WaitAsync(Patience, Cancellation));
        Assert.DoesNotContain(waiting, task => task.IsCompleted);
        gate.Set();

        Assert.Equal(1, await first);
        Assert.Equal(Enumerable.Range(0, ReadingThread.Most), await Task.WhenAll(waiting));
    }

    [Fact]
    public async Task Nobody_waits_longer_than_the_deadline_and_a_reading_is_told_before_it()
    {
        using var gate = new ManualResetEventSlim();
        using var begun = new ManualResetEventSlim();
        using var told = new ManualResetEventSlim();
        Task<int> reading = _thread.ReadAsync("run", stop =>
        {
            using CancellationTokenRegistration tell = stop.Register(told.Set);
            return Begin(begun, gate);
        }, -1);
        begun.Wait(Cancellation);
        Task<int> behind = _thread.ReadAsync("run", _ => 2, -1);

        _time.Advance(ReadingThread.Budget);
        Assert.True(told.Wait(Patience, Cancellation));
        Assert.False(reading.IsCompleted);
        _time.Advance(ReadingThread.Deadline - ReadingThread.Budget);

        Assert.Equal(-1, await reading.WaitAsync(Patience, Cancellation));
        Assert.Equal(-1, await behind.WaitAsync(Patience, Cancellation));
        gate.Set();
        Assert.Equal(3, await _thread.ReadAsync("run", _ => 3, -1).WaitAsync(Patience, Cancellation));
    }

    private static int Begin(ManualResetEventSlim begun, ManualResetEventSlim gate)
    {
        begun.Set();
        return gate.Wait(Patience) ? 1 : 0;
    }
}
