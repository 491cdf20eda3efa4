using Etr.Core.Runs;
using Etr.Core.Tasks.Arithmetic;

namespace Etr.Core.Groups;

/// <summary>Which grader judges which task; the run and its evaluation ask here.</summary>
public static class TraceGraders
{
    /// <summary>The grader of a task.</summary>
    /// <exception cref="ArgumentException">There is no such task.</exception>
    public static ITraceGrader For(TaskOptions task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return task.Name switch
        {
            "arithmetic" => new ArithmeticGrader(),
            _ => throw new ArgumentException($"There is no task '{task.Name}'; there are arithmetic and jsonl.", nameof(task)),
        };
    }
}
