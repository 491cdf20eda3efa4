using Etr.Grains.Runs;

namespace Etr.Silo.Training;

/// <summary>Watches a run until it has ended, and adds up what its steps did.</summary>
internal sealed class RunFollower(IRunGrain run, ITrainDisplay display, TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Tokens drawn for the steps that were seen.</summary>
    public long SampledTokens { get; private set; }

    /// <summary>Tokens the learner passed through the model in them.</summary>
    public long TrainedTokens { get; private set; }

    /// <summary>Watches.</summary>
    /// <param name="from">Last step that was committed before.</param>
    /// <param name="interrupt">Ends the watching, not the run.</param>
    /// <returns>The run's last status, once it is neither running nor unknown.</returns>
    /// <exception cref="TimeoutException">The run has not answered for two minutes.</exception>
    public async Task<RunStatus> FollowAsync(int from, CancellationToken interrupt)
    {
        using var timer = new PeriodicTimer(Interval, time);
        long answered = time.GetTimestamp();
        int seen = from;
        while (true)
        {
            interrupt.ThrowIfCancellationRequested();
            try
            {
                RunStatus status = await run.GetStatusAsync().WaitAsync(Patience, time, interrupt);
                IReadOnlyList<StepSummary> steps = status.Step > seen ? await run.GetStepsAsync(seen + 1).WaitAsync(Patience, time, interrupt) : [];
                foreach (StepSummary step in steps)
                {
                    SampledTokens += step.SampledTokens;
                    TrainedTokens += step.TrainedTokens;
                    seen = Math.Max(seen, step.Step);
                }

                display.Show(status, steps);
                if (status.State is not RunState.Running && seen >= status.Step)
                    return status;
                answered = time.GetTimestamp();
            }
            catch (Exception e) when (e is TimeoutException or OrleansException && time.GetElapsedTime(answered) < Patience)
            {
                // The store may be away for a moment; the run goes on when it is back, and so does this.
            }

            await timer.WaitForNextTickAsync(interrupt);
        }
    }
}
