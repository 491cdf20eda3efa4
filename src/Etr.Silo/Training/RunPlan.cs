using Etr.Core.Evaluation;
using Etr.Core.Extensions;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Core.Training;
using Etr.Policy.Models;
using Etr.Policy.Training.Losses;
using Etr.Silo.Cli;
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
    public static RunPlan Of(RunConfiguration configuration)
    {
        if (configuration.Task is { Name: "jsonl", Data: "" })
            throw new CommandFailure("Etr:Task:Name is jsonl and Etr:Task:Data names no file: name one with --set Etr:Task:Data=FILE");

        if (configuration.Evaluation is { DecayPatience: > 0, Every: 0 })
            throw new CommandFailure("Etr:Evaluation:DecayPatience decays the learning rate by the run's evaluations and Etr:Evaluation:Every makes none: set both");

        string folder = StartingPolicy.Locate(configuration.Policy.Path);
        RunConfiguration named = WithLoss(configuration);
        RunConfiguration resolved = named with
        {
            Policy = named.Policy with { Path = folder },
            Task = named.Task with { GraderAssembly = Absolute(named.Task.GraderAssembly) },
            Reward = named.Reward with { Assembly = Absolute(named.Reward.Assembly) },
        };
        ModelDescription model = StartingPolicy.Describe(folder, resolved.Policy.Template);
        var prompts = new PromptSetFactory();
        IPromptSet training = prompts.Training(resolved);
        return new RunPlan(resolved, model, training, prompts.HeldOut(resolved), RewardsOf(resolved, training));
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
