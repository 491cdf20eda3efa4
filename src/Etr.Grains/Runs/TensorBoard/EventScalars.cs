namespace Etr.Grains.Runs.TensorBoard;

/// <summary>The scalars of a step and of an evaluation, under the names of steps.csv, grouped as TensorBoard groups by what is before the slash.</summary>
internal static class EventScalars
{
    /// <summary>What the tags of evaluations begin with: they come later than their step, and are records of their own.</summary>
    public const string HeldOut = "held_out/";

    public static IEnumerable<(string Tag, double Value)> Of(StepSummary step) =>
    [
        ("traces/accuracy", step.Accuracy), ("traces/length", step.Length), ("traces/length_p95", step.LengthP95), ("traces/truncated", step.Truncated),
        ("traces/reasoning_steps", step.ReasoningSteps), ("traces/unscorable", step.Unscorable),
        ("reward/reward", step.Reward), ("reward/trend", step.Trend), ("reward/r_trend_length", step.TrendLengthCorrelation), ("reward/trend_off", step.TrendOff),
        ("entropy/h1", step.FirstStepEntropy), ("entropy/step_entropy", step.StepEntropy), ("entropy/rho_step_entropy", step.Spearman),
        ("groups/groups", step.Ordinals.Count), ("groups/all_right", step.AllRight), ("groups/mixed", step.Mixed), ("groups/all_wrong", step.AllWrong),
        ("groups/zero_advantage", step.ZeroAdvantage),
        ("update/applied", step.Applied ? 1 : 0), ("update/loss", step.Loss), ("update/gradient_norm", step.GradientNorm), ("update/kl", step.Kl),
        ("update/clipped", step.Clipped), ("update/sampler_gap", step.SamplerGap), ("update/learning_rate", step.LearningRate), ("update/rate_factor", step.RateFactor),
        ("update/staleness", step.Staleness), ("update/staleness_maximum", step.StalenessMaximum),
        ("tokens/sampled", step.SampledTokens), ("tokens/trained", step.TrainedTokens),
        ("seconds/rollout", step.RolloutSeconds), ("seconds/train", step.TrainSeconds), ("seconds/commit", step.CommitSeconds),
        .. step.Shapers.SelectMany(shaper => new[] { ($"shapers/reward[{shaper.Name}]", shaper.Reward), ($"shapers/r_length[{shaper.Name}]", shaper.LengthCorrelation) }),
    ];

    /// <summary>An evaluation that could not be made has none.</summary>
    public static IEnumerable<(string Tag, double Value)> Of(RunEvaluation found) => found.Failure.Length > 0 ? [] :
    [
        (HeldOut + "accuracy", found.Accuracy), (HeldOut + "accuracy_low", found.AccuracyLow), (HeldOut + "accuracy_high", found.AccuracyHigh),
        (HeldOut + "length", found.Length), (HeldOut + "r_trend_length", found.TrendLengthCorrelation),
    ];
}
