using Etr.Core.Runs;

namespace Etr.Grains.Runs;

/// <summary>A decay of the learning rate, as a run remembers it.</summary>
/// <param name="FromStep">The first step that it holds for.</param>
/// <param name="Factor">Share of the learning rate from there on (0 to 1).</param>
/// <param name="Evaluated">The step whose evaluation decided it.</param>
[GenerateSerializer, Immutable, Alias("etr.rate-decay")]
public sealed record RateDecay([property: Id(0)] int FromStep, [property: Id(1)] double Factor, [property: Id(2)] int Evaluated);

/// <summary>
/// The learning rate on convergence: the rules alone, without a grain around them. What a step is trained with depends on the run's
/// evaluations and nothing else: one of step s decides for s + <see cref="EvaluationOptions.Every"/> on, and that step waits for it.
/// </summary>
internal static class RateDecays
{
    // Only the last one before a step is asked for, and steps are asked for in order.
    private const int MostDecays = 64;

    /// <summary>Looks at the newest evaluation. Returns the decay it decides; null where it decides none.</summary>
    public static RateDecay? Look(RunRecord run, EvaluationOptions options)
    {
        if (options.DecayPatience == 0 || run.Evaluations is not [.., { Failure.Length: 0 } newest] || RunEvaluation.BestOf(run.Evaluations) is not { } best)
            return null;
        RateDecay? last = run.Decays.LastOrDefault();
        int since = Math.Max(best.Step, last?.Evaluated ?? 0);
        int without = run.Evaluations.Count(found => found.Failure.Length == 0 && found.Step > since);
        double before = last?.Factor ?? 1;
        double factor = Math.Max(options.DecayFloor, before * options.DecayFactor);
        if (without < options.DecayPatience || factor >= before)
            return null;
        var decay = new RateDecay(newest.Step + options.Every, factor, newest.Step);
        run.Decays = [.. run.Decays.TakeLast(MostDecays - 1), decay];
        return decay;
    }

    /// <summary>The share of the learning rate that a step is trained with; null while an evaluation that decides it is not made.</summary>
    public static double? FactorOf(RunRecord run, int step, EvaluationOptions options)
    {
        bool decided = step <= run.Step + 1 && (run.EvaluationDue == 0 || step < run.EvaluationDue + options.Every);
        return decided ? run.Decays.LastOrDefault(decay => decay.FromStep <= step)?.Factor ?? 1 : null;
    }
}
