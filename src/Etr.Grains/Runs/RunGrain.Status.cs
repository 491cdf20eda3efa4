using Etr.Grains.Learners;
using Etr.Grains.Waits;

namespace Etr.Grains.Runs;

/// <summary>What a run shows of itself.</summary>
internal sealed partial class RunGrain
{
    private const int MostSteps = 1000;
    private const int MostWaits = 32;

    public Task<RunStatus> GetStatusAsync()
    {
        bool known = Run.Start is not null;
        return Task.FromResult(new RunStatus
        {
            Run = Name,
            State = Run.State,
            Reason = Run.Reason,
            Step = Run.Step,
            Steps = known ? Shape.Steps : 0,
            ElapsedSeconds = known ? _time.GetElapsedTime(_since).TotalSeconds : 0,
            Groups = Run.Ledger.Counts,
            LastStep = Run.LastStep,
            Waits = Waits(),
            PolicyFile = known ? Policy.File : "",
            PolicySha256 = known ? Policy.Sha256 : "",
            CheckpointFile = Run.LastStep?.CheckpointFile ?? "",
            CheckpointSha256 = Run.LastStep?.CheckpointSha256 ?? "",
            SampledTokens = _sampledBefore + _pulses.Values.Sum(pulse => pulse.Tokens),
            SkippedSteps = Run.SkippedSteps,
        });
    }

    public async Task<IReadOnlyList<StepSummary>> GetStepsAsync(int fromStep)
    {
        if (Run.Start is null)
            return Array.Empty<StepSummary>();
        int first = Math.Max(1, fromStep);
        int last = (int)Math.Min(Run.Step, first + (long)MostSteps - 1);
        var steps = new List<StepSummary>();
        for (int step = first; step <= last; step++)
        {
            // The newest is in memory; the others are where anyone can read them, so the run's own state stays small.
            StepSummary? summary = step == Run.Step
                ? Run.LastStep
                : (await StepManifest.ReadAsync(Context.StepsDirectory, step, CancellationToken.None))?.Summary;
            if (summary is not null)
                steps.Add(summary);
        }

        return steps.ToArray();
    }

    private Wait[] Waits()
    {
        if (Run.State != RunState.Running)
            return [];
        IEnumerable<Wait?> all = _pulses.Values.Select(pulse => pulse.Wait).Append(_learner?.Wait);
        return [.. all.OfType<Wait>().OrderByDescending(wait => wait.Seconds).Take(MostWaits)];
    }
}
