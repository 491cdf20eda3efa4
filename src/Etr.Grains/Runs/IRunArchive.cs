using Etr.Core.Runs;
using Etr.Grains.Files;

namespace Etr.Grains.Runs;

/// <summary>What keeps a run's steps, groups and traces for people. It is told and never waited for.</summary>
public interface IRunArchive
{
    /// <summary>Says how far a run is. Told twice or not at all, nothing is lost: what to archive is read from the run's record.</summary>
    /// <param name="run">The run.</param>
    /// <param name="rewards">Its rewards: the preset that trends are told under, the estimator of batch-wide advantages.</param>
    /// <param name="lastStep">Its last committed step.</param>
    /// <param name="ended">Whether no step will follow.</param>
    void Note(RunPlace run, RewardPlan rewards, int lastStep, bool ended);
}

/// <summary>Keeps nothing: of hosts without an archive.</summary>
internal sealed class NoArchive : IRunArchive
{
    public void Note(RunPlace run, RewardPlan rewards, int lastStep, bool ended)
    {
    }
}
