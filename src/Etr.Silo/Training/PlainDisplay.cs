using Etr.Core.Evaluation;
using Etr.Grains.Runs;
using Etr.Silo.Cli;

namespace Etr.Silo.Training;

/// <summary>A line a step: for files, pipes and logs.</summary>
internal sealed class PlainDisplay(Terminal terminal, TimeProvider time) : ITrainDisplay
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);
    private readonly List<StepSummary> _steps = [];
    private long _spoke = time.GetTimestamp();
    private int _evaluated;
    private int _alarmed;

    /// <inheritdoc/>
    public void Evaluating(string which, EvaluationProgress progress)
    {
        if (progress.Traces == progress.Of)
            terminal.Line($"evaluated {which}: {progress.Of} traces");
    }

    /// <inheritdoc/>
    public void Show(RunStatus status, IReadOnlyList<StepSummary> newSteps)
    {
        foreach (StepSummary step in newSteps)
        {
            string rate = StepFigures.RateChange(step, _steps.LastOrDefault());
            _steps.Add(step);
            terminal.Line(StepFigures.Line(step, status.Steps, StepFigures.TimeLeft(_steps, status.Steps)) + rate);
            _spoke = time.GetTimestamp();
        }

        foreach (RunEvaluation found in status.Evaluations.Where(found => found.Step > _evaluated).ToArray())
        {
            terminal.Line(StepFigures.Line(found));
            _evaluated = found.Step;
        }

        for (; _alarmed < status.Alarms.Count; _alarmed++)
            terminal.Warn(StepFigures.Line(status.Alarms[_alarmed]));

        if (status.Waits.Count > 0 && time.GetElapsedTime(_spoke) > Quiet)
        {
            // Nothing is worse than a program that says nothing: name the longest wait.
            terminal.Line(WaitLine.Of(status.Waits[0]));
            _spoke = time.GetTimestamp();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
