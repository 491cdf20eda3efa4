using Etr.Core.Evaluation;
using Etr.Core.Rollouts;
using Etr.Silo.Engines;

namespace Etr.Silo.Training;

/// <summary>A run's evaluations: drawn once, kept in its directory, and read from there when the run is resumed.</summary>
internal sealed class HeldOutEvaluation(EngineProvider engines, RunPlan plan, TimeProvider time)
{
    /// <summary>The kept evaluation, or a new one that is then kept; null where the run has no held-out prompts.</summary>
    public async Task<EvaluationPair?> ReadOrRunAsync(string which, string file, PolicyRef policy, ITrainDisplay display, CancellationToken interrupt)
    {
        if (plan.HeldOut is not { } prompts)
            return null;
        if (await EvaluationFile.ReadAsync(file, interrupt) is { } kept)
            return kept;

        IRolloutEngine engine = await engines.OpenAsync(engines.OwnDevice, plan.Configuration.Policy.ToEngineKind(), plan.Configuration.Policy.Path, interrupt);
        var evaluation = new EvaluationPlan(
            prompts, TaskGraders.Of(plan.Configuration), plan.Rewards.Preset, policy, plan.Configuration.Sampling, plan.Configuration.Evaluation.Samples);
        EvaluationPair pair = await new Evaluator(engine, time).RunBothAsync(
            evaluation, plan.Configuration.Evaluation.Greedy, progress => display.Evaluating(which, progress), interrupt);
        await EvaluationFile.WriteAsync(file, pair, interrupt);
        return pair;
    }
}
