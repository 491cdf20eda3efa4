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
    public RunContext(RunStart start, RunConfiguration configuration, IPromptSetFactory promptSets, TimeProvider time)
    {
        Start = start;
        Configuration = configuration;
        Prompts = promptSets.Training(Configuration);
        Schedule = new PromptSchedule((ulong)Configuration.Run.Seed, Prompts.Count);
        Rewards = RewardPlan.Of(Configuration, time);
        CorrectnessRewards = RewardPlan.Of(new RewardOptions { Shaper = "outcome" }) with { Preset = Rewards.Preset, Overlong = Rewards.Overlong };
        Grader = TaskGraders.Of(Configuration, time);
    }

    public RunStart Start { get; }

    public RunConfiguration Configuration { get; }

    public IPromptSet Prompts { get; }

    public PromptSchedule Schedule { get; }

    public RewardPlan Rewards { get; }

    /// <summary>What pays for correctness alone, and measures the same trend.</summary>
    public RewardPlan CorrectnessRewards { get; }

    public IAnswerGrader Grader { get; }

    public RunPlace Place => new(Start.Run, Start.Directory);

    public string StepsDirectory => Path.Combine(Start.Directory, "steps");

    public string CheckpointsDirectory => Path.Combine(Start.Directory, "checkpoints");
}

/// <summary>The contexts of the runs that this silo has grains of: asked of each run once, then shared.</summary>
internal sealed class RunContexts(IGrainFactory grains, IPromptSetFactory promptSets, IRunFiles files, TimeProvider time)
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
        return await AddAsync(start);
    }

    /// <exception cref="IOException">A file that the configuration names is not to be had.</exception>
    public async ValueTask<RunContext> AddAsync(RunStart start)
    {
        if (_contexts.TryGetValue(start.Run, out RunContext? known) && known.Start == start)
            return known;
        RunConfiguration configuration = RunConfigurationJson.Read(start.ConfigurationJson);
        var place = new RunPlace(start.Run, start.Directory);
        if (configuration.Task.Data.Length > 0)
        {
            string data = await files.OpenDataAsync(place, configuration.Task.Data, CancellationToken.None);
            configuration = configuration with { Task = configuration.Task with { Data = data } };
        }

        if (configuration.Reward.ReferenceFigures.Length > 0)
        {
            string figures = await files.OpenDataAsync(place, configuration.Reward.ReferenceFigures, CancellationToken.None);
            configuration = configuration with { Reward = configuration.Reward with { ReferenceFigures = figures } };
        }

        // Runs that ended long ago are asked again should anyone look at them.
        if (_contexts.Count >= Most)
            _contexts.Clear();
        return _contexts[start.Run] = new RunContext(start, configuration, promptSets, time);
    }
}
