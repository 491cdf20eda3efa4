using Etr.Core.Grading;
using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Core.Tasks;

namespace Etr.Core.Evaluation;

/// <summary>What is evaluated, and how.</summary>
/// <param name="Prompts">The held-out prompts; every one is asked.</param>
/// <param name="Grader">Judges the responses.</param>
/// <param name="Preset">By which trend, steps and correlations are measured.</param>
/// <param name="Policy">The policy.</param>
/// <param name="Sampling">How traces are drawn.</param>
/// <param name="Samples">Traces a prompt, at least 1.</param>
public sealed record EvaluationPlan(
    IPromptSet Prompts,
    IAnswerGrader Grader,
    EtrPreset Preset,
    PolicyRef Policy,
    SamplingOptions Sampling,
    int Samples)
{
    // The digits of π: any number that no run would choose.
    private const ulong HeldOutSeed = 3_141_592_653_589_793;

    /// <summary>
    /// Seed of the evaluation's random numbers: the same for every run, so that policies are compared on equal draws and a
    /// run's own seed changes nothing here. The default value is a constant of the program.
    /// </summary>
    public ulong Seed { get; init; } = HeldOutSeed;

    /// <summary>The same prompts, one greedy trace each.</summary>
    public EvaluationPlan Greedy() => this with { Samples = 1, Sampling = Sampling with { Temperature = 0 } };
}
