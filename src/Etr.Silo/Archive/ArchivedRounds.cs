using Etr.Core.Groups;
using Etr.Core.Runs;
using Etr.Grains.Learners;
using Etr.Grains.Runs;

namespace Etr.Silo.Archive;

/// <summary>Rounds by the rows of the archive: what a part tells and what the record tells is the same.</summary>
internal static class ArchivedRounds
{
    /// <summary>Of a group of the record: of its traces the first is shown.</summary>
    /// <param name="step">The step that trained on it.</param>
    /// <param name="group">The group.</param>
    /// <param name="named">What the step's manifest says of it.</param>
    /// <param name="rewards">The run's rewards.</param>
    public static RunRound Of(int step, GroupBody group, ManifestGroup named, RewardPlan rewards)
    {
        RunRound round = Of(ArchivedGroup.Of(step, group, GroupScorer.Statistics(group, rewards), named));
        return group.Traces.Count == 0 ? round : With(round, ArchivedTrace.Of(step, group, 0, 0, rewards.Preset, gaps: null));
    }

    /// <summary>Of a row of the groups, without a trace.</summary>
    public static RunRound Of(ArchivedGroup row)
    {
        int scored = row.Traces - row.Unscorable;
        return new RunRound
        {
            Step = row.Step,
            Ordinal = row.Ordinal,
            Prompt = row.Prompt,
            Round = row.Round,
            PolicyVersion = row.PolicyVersion,
            Accuracy = scored > 0 ? (double)row.Right / scored : double.NaN,
            Length = row.Length,
            Trend = row.Trend,
        };
    }

    /// <summary>The round with a trace of its.</summary>
    public static RunRound With(RunRound round, ArchivedTrace trace) => round with
    {
        Slot = trace.Slot,
        ReasoningSteps = trace.ReasoningSteps,
        TraceTrend = trace.Trend,
        StepEntropies = [.. trace.StepEntropies.TakeLast(RunRound.MostEntropies)],
    };
}
