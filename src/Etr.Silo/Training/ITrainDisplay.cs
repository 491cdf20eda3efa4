using Etr.Core.Evaluation;
using Etr.Grains.Runs;

namespace Etr.Silo.Training;

/// <summary>Shows a run while it goes on.</summary>
internal interface ITrainDisplay : IDisposable
{
    /// <summary>An evaluation has moved on. Called from any thread.</summary>
    void Evaluating(string which, EvaluationProgress progress);

    /// <summary>The run as it is now, with the steps committed since the last call.</summary>
    void Show(RunStatus status, IReadOnlyList<StepSummary> newSteps);
}
