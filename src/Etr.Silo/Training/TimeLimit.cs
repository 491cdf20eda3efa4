using System.Globalization;
using Etr.Grains.Runs;

namespace Etr.Silo.Training;

/// <summary>Ends a run for good once it has trained for so long, this process and those before it together.</summary>
internal sealed class TimeLimit : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);
    private readonly CancellationTokenSource _over;
    private readonly Task _waiting;

    private TimeLimit(IRunGrain run, TimeSpan limit, TimeSpan left, TimeProvider time, CancellationToken interrupt)
    {
        _over = CancellationTokenSource.CreateLinkedTokenSource(interrupt);
        _waiting = WaitAsync(run, limit, left, time, _over.Token);
    }

    /// <summary>The clock starts; time that the run's committed steps took before counts.</summary>
    public static async Task<TimeLimit> StartAsync(IRunGrain run, TimeSpan limit, TimeProvider time, CancellationToken interrupt)
    {
        TimeSpan left = limit;
        IReadOnlyList<StepSummary> steps = await run.GetStepsAsync(1).WaitAsync(Patience, time, interrupt);
        while (steps.Count > 0)
        {
            left -= TimeSpan.FromSeconds(steps.Sum(step => step.Seconds));
            steps = await run.GetStepsAsync(steps[^1].Step + 1).WaitAsync(Patience, time, interrupt);
        }

        return new TimeLimit(run, limit, left > TimeSpan.Zero ? left : TimeSpan.Zero, time, interrupt);
    }

    /// <summary>The run has ended by itself, or nobody waits for it any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _waiting;
        _over.Dispose();
    }

    private static async Task WaitAsync(IRunGrain run, TimeSpan limit, TimeSpan left, TimeProvider time, CancellationToken over)
    {
        string reason = string.Create(CultureInfo.InvariantCulture, $"stopped after {limit.TotalMinutes:0.##} minutes of training");
        try
        {
            await Task.Delay(left, time, over);
            while (!over.IsCancellationRequested)
            {
                try
                {
                    await run.StopAsync(reason).WaitAsync(Patience, time, over);
                    return;
                }
                catch (Exception e) when (e is TimeoutException or OrleansException)
                {
                    // The store or the learner may be away for a moment; stopping twice is harmless.
                    await Task.Delay(Again, time, over);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run needs no limit any more.
        }
    }
}
