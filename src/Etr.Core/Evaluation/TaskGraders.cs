using Etr.Core.Grading;
using Etr.Core.Runs;

namespace Etr.Core.Evaluation;

/// <summary>Which grader judges which task.</summary>
public static class TaskGraders
{
    /// <summary>The grader of a task: the last line for the built-in one, mathematical equivalence for files.</summary>
    public static IAnswerGrader Of(TaskOptions task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return task.Name == "arithmetic" ? AnswerGraders.FinalLine : AnswerGraders.Equivalence;
    }
}
