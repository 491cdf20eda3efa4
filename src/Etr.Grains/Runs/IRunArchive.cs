using Etr.Core.Runs;
using Etr.Grains.Files;

namespace Etr.Grains.Runs;

/// <summary>
/// What keeps a run's steps, groups and traces for people. It is told and never waited for; what is read from it is read off the grains'
/// threads, within a deadline, and comes back short rather than late.
/// </summary>
public interface IRunArchive
{
    /// <summary>Says how far a run is. Told twice or not at all, nothing is lost: what to archive is read from the run's record.</summary>
    /// <param name="run">The run.</param>
    /// <param name="rewards">Its rewards: the preset that trends are told under, the estimator of batch-wide advantages.</param>
    /// <param name="lastStep">Its last committed step.</param>
    /// <param name="ended">Whether no step will follow.</param>
    void Note(RunPlace run, RewardPlan rewards, int lastStep, bool ended);

    /// <summary>Summaries of steps, ascending: those that are in whole parts and could be read in time. The others are in their manifests.</summary>
    /// <param name="run">The run.</param>
    /// <param name="first">The first step, from 1.</param>
    /// <param name="last">The last step.</param>
    Task<IReadOnlyList<StepSummary>> ReadStepsAsync(RunPlace run, int first, int last);

    /// <summary>
    /// The rounds that a run trained on, newest first and of each prompt the newest on the page: from the record of the steps that are not
    /// archived yet, and then from the archive's parts. Empty where this silo does not see the run's directory.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="rewards">Its rewards: the preset that trends are told under.</param>
    /// <param name="lastStep">Its last committed step.</param>
    /// <param name="prompts">How many prompts it has: with one round of each, nothing is left to be read.</param>
    /// <param name="before">Only rounds before this one; null begins with the newest.</param>
    Task<RoundsPage> ReadRoundsAsync(RunPlace run, RewardPlan rewards, int lastStep, int prompts, RoundPlace? before);
}

/// <summary>Keeps nothing: of hosts without an archive.</summary>
internal sealed class NoArchive : IRunArchive
{
    public void Note(RunPlace run, RewardPlan rewards, int lastStep, bool ended)
    {
    }

    public Task<IReadOnlyList<StepSummary>> ReadStepsAsync(RunPlace run, int first, int last) => Task.FromResult<IReadOnlyList<StepSummary>>([]);

    public Task<RoundsPage> ReadRoundsAsync(RunPlace run, RewardPlan rewards, int lastStep, int prompts, RoundPlace? before) =>
        Task.FromResult(RoundsPage.Empty(prompts));
}
