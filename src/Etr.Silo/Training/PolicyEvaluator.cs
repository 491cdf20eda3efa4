using Etr.Core.Evaluation;
using Etr.Core.Policies;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Grains.Evaluations;
using Etr.Grains.Files;
using Etr.Grains.Runs;
using Etr.Silo.Engines;

namespace Etr.Silo.Training;

/// <summary>Evaluates policies on this process's engine, which draws their traces beside those of the run's groups.</summary>
internal sealed class PolicyEvaluator(EngineProvider engines, IRunFiles files, IPromptSetFactory promptSets, TimeProvider time) : IPolicyEvaluator
{
    /// <inheritdoc/>
    public async Task<RunEvaluation> EvaluateAsync(RunStart run, int version, string sha256, CancellationToken cancellationToken)
    {
        var place = new RunPlace(run.Run, run.Directory);
        RunConfiguration configuration = RunConfigurationJson.Read(run.ConfigurationJson);
        if (configuration.Task.HeldOutData.Length > 0)
        {
            string data = await files.OpenDataAsync(place, configuration.Task.HeldOutData, cancellationToken);
            configuration = configuration with { Task = configuration.Task with { HeldOutData = data } };
        }

        IPromptSet prompts = promptSets.HeldOut(configuration) ?? throw new InvalidOperationException("The run has no held-out prompts.");
        string folder = await files.OpenPolicyAsync(place, version, sha256, cancellationToken);
        IRolloutEngine engine = await engines.OpenAsync(engines.OwnDevice, configuration.Policy.ToEngineKind(), folder, cancellationToken);
        var plan = new EvaluationPlan(
            prompts,
            TaskGraders.Of(configuration, time),
            RewardPlan.Of(configuration, time).Preset,
            new PolicyRef(version, PolicyFolder.PolicyFileIn(folder), sha256),
            configuration.Sampling,
            configuration.Evaluation.Samples);
        EvaluationFigures found = (await new Evaluator(engine, time).RunAsync(plan, progress: null, cancellationToken)).All;
        return new RunEvaluation
        {
            Step = version,
            Accuracy = found.Accuracy,
            AccuracyLow = found.AccuracyInterval95[0],
            AccuracyHigh = found.AccuracyInterval95[1],
            Length = found.Length,
            TrendLengthCorrelation = found.TrendLengthCorrelation ?? double.NaN,
            PolicySha256 = sha256,
        };
    }
}
