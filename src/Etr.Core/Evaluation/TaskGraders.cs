using Etr.Core.Extensions;
using Etr.Core.Grading;
using Etr.Core.Runs;

namespace Etr.Core.Evaluation;

/// <summary>Which grader judges which task.</summary>
public static class TaskGraders
{
    /// <summary>
    /// The grader of a run: the one that its task names, else the last line for the built-in task and mathematical
    /// equivalence for files.
    /// </summary>
    /// <param name="configuration">The run's configuration.</param>
    /// <param name="time">The clock of a grader of the user's own; the system's where null.</param>
    /// <exception cref="ExtensionException">A grader of the user's own cannot be loaded.</exception>
    /// <exception cref="ArgumentException">There is no grader of that name.</exception>
    public static IAnswerGrader Of(RunConfiguration configuration, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        TaskOptions task = configuration.Task;
        if (task.Grader.Length == 0)
            return task.Name == "arithmetic" ? AnswerGraders.FinalLine : AnswerGraders.Equivalence;
        if (!ExtensionNames.TryParse(task.Grader, out string typeName))
            return AnswerGraders.Find(task.Grader);
        if (task.GraderAssembly.Length == 0)
            throw new ExtensionException($"Etr:Task:Grader names the class {typeName} and Etr:Task:GraderAssembly no assembly that has it");
        return ExtensionGrader.Load(task.GraderAssembly, typeName, ExtensionOptions.Of(configuration.Run), time ?? TimeProvider.System);
    }
}
