using Etr.Policy.Training;

namespace Etr.Policy.Tests.Training;

public sealed class LearnerThreadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Work_runs_in_order_on_one_thread_that_is_not_of_the_pool()
    {
        List<string> seen = [];
        LearnerThread thread = new("learner", () => Note("begin"), () => Note("end"));
        Task<bool>[] works = [.. Enumerable.Range(0, 20).Select(i => thread.RunAsync(_ => Note($"{i}"), Cancellation))];
        await Task.WhenAll(works);
        await thread.DisposeAsync();
        Assert.Equal(["begin", .. Enumerable.Range(0, 20).Select(i => $"{i}"), "end"], seen);

        bool Note(string what)
        {
            Assert.False(Thread.CurrentThread.IsThreadPoolThread);
            Assert.Equal("learner", Thread.CurrentThread.Name);
            seen.Add(what);
            return true;
        }
    }

    [Fact]
    public async Task An_exception_reaches_its_caller_and_the_thread_goes_on()
    {
        await using LearnerThread thread = new("learner", () => { }, () => { });
        await Assert.ThrowsAsync<InvalidDataException>(() => thread.RunAsync<int>(_ => throw new InvalidDataException(), Cancellation));
        Assert.Equal(7, await thread.RunAsync(_ => 7, Cancellation));
    }

    [Fact]
    public async Task Queued_work_whose_caller_gave_up_is_never_begun()
    {
        await using LearnerThread thread = new("learner", () => { }, () => { });
        using ManualResetEventSlim gate = new();
        using CancellationTokenSource given = new();
        Task<bool> first = thread.RunAsync(
            _ =>
            {
                gate.Wait(Cancellation);
                return true;
            },
            Cancellation);
        bool begun = false;
        Task<bool> second = thread.RunAsync(_ => begun = true, given.Token);
        await given.CancelAsync();
        gate.Set();
        Assert.True(await first);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.False(begun);
    }

    [Fact]
    public async Task Disposal_cancels_what_is_running_and_waits_for_it()
    {
        bool ended = false;
        LearnerThread thread = new("learner", () => { }, () => ended = true);
        TaskCompletionSource running = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Task<bool> work = thread.RunAsync(
            cancellation =>
            {
                running.SetResult();
                cancellation.WaitHandle.WaitOne();
                cancellation.ThrowIfCancellationRequested();
                return true;
            },
            Cancellation);
        await running.Task;
        await thread.DisposeAsync();
        Assert.True(ended);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => thread.RunAsync(_ => true, Cancellation));
    }
}
