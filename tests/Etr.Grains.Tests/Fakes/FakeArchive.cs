using System.Collections.Concurrent;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Runs;

namespace Etr.Grains.Tests.Fakes;

/// <summary>An archive that has what a test puts into it.</summary>
internal sealed class FakeArchive : IRunArchive
{
    /// <summary>Summaries, by step.</summary>
    public ConcurrentDictionary<int, StepSummary> Steps { get; } = new();

    /// <summary>Ranges of steps that were read.</summary>
    public ConcurrentQueue<(int First, int Last)> Readings { get; } = new();

    /// <summary>What rounds were asked for: the last step, the number of prompts, and the place.</summary>
    public ConcurrentQueue<(int LastStep, int Prompts, RoundPlace? Before)> Asked { get; } = new();

    public void Note(RunPlace run, RewardPlan rewards, int lastStep, bool ended)
    {
    }

    public Task<IReadOnlyList<StepSummary>> ReadStepsAsync(RunPlace run, int first, int last)
    {
        Readings.Enqueue((first, last));
        return Task.FromResult<IReadOnlyList<StepSummary>>([.. Steps.Values.Where(step => step.Step >= first && step.Step <= last).OrderBy(step => step.Step)]);
    }

    public Task<RoundsPage> ReadRoundsAsync(RunPlace run, RewardPlan rewards, int lastStep, int prompts, RoundPlace? before)
    {
        Asked.Enqueue((lastStep, prompts, before));
        return Task.FromResult(new RoundsPage([], prompts, new RoundPlace(1, 2)));
    }
}
