using System.Collections.Concurrent;
using Etr.Core.Evaluation;
using Etr.Core.Grading;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Grains.Files;

namespace Etr.Grains.Runs;

/// <summary>What a run's grains need to know and never changes while it lives: configuration, prompts, rewards.</summary>
internal sealed class RunContext
{
    public RunContext(RunStart start, IPromptSetFactory promptSets)
    {
        Start = start;
        Configuration = RunConfigurationJson.Read(start.ConfigurationJson);
        Prompts = promptSets.Training(Configuration);
        Schedule = new PromptSchedule((ulong)Configuration.Run.Seed, Prompts.Count);
        Rewards = RewardPlan.Of(Configuration.Reward);
        Grader = TaskGraders.Of(Configuration.Task);
    }

    public RunStart Start { get; }

    public RunConfiguration Configuration { get; }

    public IPromptSet Prompts { get; }

    public PromptSchedule Schedule { get; }

    public RewardPlan Rewards { get; }

    public IAnswerGrader Grader { get; }

    public RunPlace Place => new(Start.Run, Start.Directory);

    public string StepsDirectory => Path.Combine(Start.Directory, "steps");

    public string CheckpointsDirectory => Path.Combine(Start.Directory, "checkpoints");
}

/// <summary>The contexts of the runs that this silo has grains of: asked of each run once, then shared.</summary>
internal sealed class RunContexts(IGrainFactory grains, IPromptSetFactory promptSets)
{
    private const int Most = 64;

    private readonly ConcurrentDictionary<string, RunContext> _contexts = new(StringComparer.Ordinal);

    /// <exception cref="InvalidOperationException">There is no such run.</exception>
    public async ValueTask<RunContext> GetAsync(string run)
    {
        if (_contexts.TryGetValue(run, out RunContext? known))
            return known;
        RunStart start = await grains.GetGrain<IRunGrain>(run).GetStartAsync()
            ?? throw new InvalidOperationException($"There is no run '{run}'.");
        return Add(start);
    }

    public RunContext Add(RunStart start)
    {
        // Runs that ended long ago are asked again should anyone look at them.
        if (_contexts.Count >= Most)
            _contexts.Clear();
        return _contexts.AddOrUpdate(
            start.Run,
            _ => new RunContext(start, promptSets),
            (_, known) => known.Start == start ? known : new RunContext(start, promptSets));
    }
}
