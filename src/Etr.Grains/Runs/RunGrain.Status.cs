using Etr.Grains.Diagnosis;
using Etr.Grains.Waits;

namespace Etr.Grains.Runs;

/// <summary>What a run shows of itself.</summary>
internal sealed partial class RunGrain
{
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
            ElapsedSeconds = known ? (_time.GetUtcNow() - Run.StartedAt).TotalSeconds : 0,
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
