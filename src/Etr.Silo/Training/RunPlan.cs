using Etr.Core.Evaluation;
using Etr.Core.Extensions;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Core.Training;
using Etr.Policy.Models;
using Etr.Policy.Training.Losses;
using Etr.Silo.Cli;
using Etr.Silo.Datasets;
using Etr.Silo.Engines;

namespace Etr.Silo.Training;

/// <summary>What a configuration comes to, with everything it names found, opened and checked.</summary>
/// <param name="Configuration">The configuration: its model's folder absolute, the policy update's blanks filled by the loss.</param>
/// <param name="Model">The model.</param>
/// <param name="Prompts">Training prompts.</param>
/// <param name="HeldOut">Held-out prompts; null where there are none.</param>
/// <param name="Rewards">Preset, shaper and estimator.</param>
internal sealed record RunPlan(RunConfiguration Configuration, ModelDescription Model, IPromptSet Prompts, IPromptSet? HeldOut, RewardPlan Rewards)
{
    /// <summary>Resolves a configuration. Loads no weight and starts nothing.</summary>
    /// <exception cref="CommandFailure">Something it names is missing or can't be used together.</exception>
    /// <exception cref="Policy.Checkpoints.CheckpointException">A file of the model is not as it should be.</exception>
    public static RunPlan Of(RunConfiguration configuration) => Of(configuration, heldOutAlone: false);

    /// <summary>Resolves a configuration whose held-out prompts alone are asked: <c>Etr:Task:HeldOutData</c> is read, <c>Etr:Task:Data</c> is not.</summary>
    /// <inheritdoc cref="Of(RunConfiguration)" path="/exception"/>
    public static RunPlan OfHeldOut(RunConfiguration configuration) => Of(configuration, heldOutAlone: true);

    private static RunPlan Of(RunConfiguration configuration, bool heldOutAlone)
    {
        if (!heldOutAlone && configuration.Task is { Name: "jsonl", Data: "" })
            throw new CommandFailure("Etr:Task:Name is jsonl and Etr:Task:Data names no file: name one with --set Etr:Task:Data=FILE");

        if (configuration.Evaluation is { DecayPatience: > 0, Every: 0 })
            throw new CommandFailure("Etr:Evaluation:DecayPatience decays the learning rate by the run's evaluations and Etr:Evaluation:Every makes none: set both");

        if (configuration is { Dataset.HeldOutShare: > 0, Task.HeldOutData.Length: > 0 } && !heldOutAlone)
            throw new CommandFailure("Etr:Task:HeldOutData names held-out prompts and Etr:Dataset:HeldOutShare holds some of the training file out: set one of them");

        string folder = StartingPolicy.Locate(configuration.Policy.Path);
        RunConfiguration named = WithLoss(configuration);
        RunConfiguration resolved = named with
        {
            Policy = named.Policy with { Path = folder },
            Task = named.Task with { GraderAssembly = Absolute(named.Task.GraderAssembly) },
            Reward = named.Reward with { Assembly = Absolute(named.Reward.Assembly) },
        };
        ModelDescription model = StartingPolicy.Describe(folder, resolved.Policy.Template);
        var measure = new PolicyPromptMeasure(folder, resolved.Policy.Template, model.Config);
        PromptSets prompts = PromptsOf(resolved, heldOutAlone, measure);
        return new RunPlan(resolved, model, prompts.Training, prompts.HeldOut, RewardsOf(resolved, prompts.Training)) { Notes = prompts.Notes, DataWarnings = prompts.Warnings };
    }

    private static PromptSets PromptsOf(RunConfiguration configuration, bool heldOutAlone, PolicyPromptMeasure measure)
    {
        var factory = new PromptSetFactory(new DatasetSources(), measure);
        if (configuration.Task.Name == "jsonl")
            return heldOutAlone ? factory.HeldOutAlone(configuration, CancellationToken.None) : factory.Both(configuration, CancellationToken.None);
        PromptSets sets = factory.Both(configuration, CancellationToken.None);
        measure.Require(sets.Training);
        measure.Require(sets.HeldOut);
        return sets;
    }

    // Checked here, where a person reads the answer, and not first by the grains.
    private static RewardPlan RewardsOf(RunConfiguration configuration, IPromptSet prompts)
    {
        try
        {
            var rewards = RewardPlan.Of(configuration);
            rewards.Check(prompts);
            TaskGraders.Of(configuration);
            return rewards;
        }
        catch (Exception e) when (e is ArgumentException or ExtensionException or InvalidDataException)
        {
            // Without the parameter's name, which is the program's affair.
            throw new CommandFailure(e.Message.Split(" (Parameter ")[0], inner: e);
        }
    }

    /// <summary>What became of the rows of its files, a line a file.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What a person should be warned of in its files.</summary>
    public IReadOnlyList<string> DataWarnings { get; init; } = [];

    /// <summary>Says what became of the rows of its files, and warns of what is odd about them.</summary>
    public void PrintRows(Terminal terminal)
    {
        foreach (string note in Notes)
            terminal.Line($"rows       {note}");
        foreach (string warning in DataWarnings)
            terminal.Warn(warning);
    }

    private static string Absolute(string path) => path.Length == 0 ? "" : Path.GetFullPath(path);

    /// <summary>A line a person should read before such a run, or null.</summary>
    public string? Warning => Rewards.PaysTrend ? Rewards.Preset.Warning : null;

    private static RunConfiguration WithLoss(RunConfiguration configuration)
    {
        try
        {
            TrainingOptions training = PolicyLosses.Resolve(configuration.Training);
            string estimator = configuration.Reward.Estimator.Length > 0
                ? configuration.Reward.Estimator
                : PolicyLosses.Find(training.Loss).Defaults.Estimator ?? "";
            return configuration with { Training = training, Reward = configuration.Reward with { Estimator = estimator } };
        }
        catch (ArgumentException e)
        {
            throw new CommandFailure($"Etr:Training: {e.Message}", inner: e);
        }
    }
}
