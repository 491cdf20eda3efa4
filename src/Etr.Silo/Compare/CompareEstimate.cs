using Etr.Core.Runs;

namespace Etr.Silo.Compare;

/// <summary>How long the runs that are not there yet may take.</summary>
internal static class CompareEstimate
{
    // The shipped policy on two cores: 60 steps of 128 traces and two evaluations of 1,280 in 55 s.
    private const double CoreSecondsPerTrace = 2 * 55.0 / 10_240;
    private const int Evaluations = 2;

    /// <summary>Estimates it from the runs that are there, or else, for the shipped policy on its own task, from what a machine of two cores needed.</summary>
    /// <returns>Wall time; null where nothing is known.</returns>
    public static TimeSpan? Of(ComparePlan plan)
    {
        CompareJob[] jobs = [.. plan.AllJobs];
        CompareJob[] left = [.. jobs.Where(job => !job.Folder.IsFinished)];
        ILookup<string, double> known = jobs.Where(job => job.Folder.IsFinished)
            .Select(job => (job.Arm.Name, Seconds: JobRecord.Read(job.Folder)?.Seconds ?? 0))
            .Where(job => job.Seconds > 0)
            .ToLookup(job => job.Name, job => job.Seconds);
        double? all = known.Count > 0 ? known.SelectMany(seconds => seconds).Average() : null;
        double sum = 0;
        foreach (CompareJob job in left)
        {
            if ((known.Contains(job.Arm.Name) ? known[job.Arm.Name].Average() : all ?? Guess(job.Arm.Configuration, plan)) is not { } seconds)
                return null;
            sum += seconds;
        }

        return TimeSpan.FromSeconds(sum / Math.Min(plan.Jobs, Math.Max(1, left.Length)));
    }

    private static double? Guess(RunConfiguration configuration, ComparePlan plan)
    {
        if (configuration.Task.Name != "arithmetic" || configuration.Policy.Path != new PolicyOptions().Path)
            return null;
        double evaluated = (double)configuration.Evaluation.Prompts * (configuration.Evaluation.Samples + (configuration.Evaluation.Greedy ? 1 : 0)) * Evaluations;
        double perTrace = CoreSecondsPerTrace / plan.Threads;
        double training = plan.Limit?.TotalSeconds ?? perTrace * configuration.Run.Steps * configuration.Run.PromptsPerStep * configuration.Run.GroupSize;
        return training + perTrace * evaluated;
    }
}
