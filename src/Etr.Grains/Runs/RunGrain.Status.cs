using Etr.Grains.Diagnosis;
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
            Evaluations = Run.Evaluations,
            Alarms = Run.Guards.Alarms,
            Findings = RunDiagnosis.Findings(Run.Diagnosis, Run.State == RunState.Running),
        });
    }

    public Task<IReadOnlyList<RunFaultNote>> GetFaultsAsync() => Task.FromResult<IReadOnlyList<RunFaultNote>>(Run.Faults);

    public Task NoteFaultAsync(DateTimeOffset at, long ordinal, int prompt, string text)
    {
        Remember(new RunFaultNote(at, Run.Step, ordinal, prompt, text));
        return Task.CompletedTask;
    }

    // Not worth a write of its own: it rides along with the next one.
    private void Remember(RunFaultNote note)
    {
        if (Run.Start is not null)
            Run.Faults = RunFaultNote.Add(Run.Faults, note);
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
            if (await SummaryAsync(step) is { } summary)
                steps.Add(summary);
        }

        return steps.ToArray();
    }

    /// <summary>A step's summary, from memory or from its manifest, where anyone can read it: the run's own state stays small.</summary>
    private async ValueTask<StepSummary?> SummaryAsync(int step)
    {
        if (step == Run.Step)
            return Run.LastStep;
        if (_summaries.TryGetValue(step, out StepSummary? known))
            return known;
        StepSummary? read = (await StepManifest.ReadAsync(Context.StepsDirectory, step, CancellationToken.None))?.Summary;
        if (read is not null && step > Run.Step - MostSteps)
            Remember(read);
        return read;
    }

    /// <summary>Keeps the newest summaries at hand, for those who watch.</summary>
    private void Remember(StepSummary summary)
    {
        _summaries[summary.Step] = summary;
        _summaries.Remove(summary.Step - MostSteps);
    }

    private Wait[] Waits()
    {
        if (Run.State != RunState.Running)
            return [];

        // What a group said last is no news where it no longer answers.
        IEnumerable<Wait?> all = _pulses.Where(entry => !_unreached.ContainsKey(entry.Key)).Select(entry => entry.Value.Wait)
            .Concat(_unreached.Values.Select(note => note.Current))
            .Append(_learner?.Wait)
            .Append(_evaluator);
        return [.. all.OfType<Wait>().OrderByDescending(wait => wait.Seconds).Take(MostWaits)];
    }
}
