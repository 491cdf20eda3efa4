using Etr.Grains.Runs;

namespace Etr.Dashboard.Cluster;

/// <summary>Where the time of the last steps went: the learner's clock, from one commit to the next.</summary>
/// <param name="Step">The step.</param>
/// <param name="Begin">Seconds from the beginning of the first step shown.</param>
/// <param name="Generate">Seconds it waited for traces.</param>
/// <param name="Grade">Seconds it waited for grades alone, after the last trace.</param>
/// <param name="Train">Seconds of the update.</param>
/// <param name="Publish">Seconds to write, fsync and commit.</param>
internal sealed record StepTimes(int Step, double Begin, double Generate, double Grade, double Train, double Publish)
{
    /// <summary>Seconds in which the learner waited.</summary>
    public double Idle => Generate + Grade;

    /// <summary>Its length in seconds.</summary>
    public double Seconds => Idle + Train + Publish;

    /// <summary>Lays steps end to end.</summary>
    public static IReadOnlyList<StepTimes> Of(IEnumerable<StepSummary> steps)
    {
        var begin = 0.0;
        var times = new List<StepTimes>();
        foreach (var step in steps)
        {
            var waited = Known(step.RolloutSeconds);
            var grade = Math.Min(waited, Known(step.GradeTailSeconds));
            var time = new StepTimes(step.Step, begin, waited - grade, grade, Known(step.TrainSeconds), Known(step.CommitSeconds));
            times.Add(time);
            begin += time.Seconds;
        }

        return times;
    }

    /// <summary>Share of the time (0 to 1) in which the learner waited for traces and grades; NaN without any.</summary>
    public static double IdleShare(IReadOnlyList<StepTimes> steps)
    {
        var all = steps.Sum(step => step.Seconds);
        return all > 0 ? steps.Sum(step => step.Idle) / all : double.NaN;
    }

    private static double Known(double seconds) => double.IsFinite(seconds) && seconds > 0 ? seconds : 0;
}
