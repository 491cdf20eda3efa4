using System.Globalization;
using Etr.Grains.Runs;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>
/// Among right traces the longer ones are paid more. Read off the guard where the trend is paid for, else off the run's one shaper.
/// </summary>
internal sealed class PaysForLength : IDiagnosisRule
{
    public string Name => "pays-for-length";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Where α > 0, shaper guarded is the way out; else there is nothing more to shorten: lower the weight of the reward that does it, or end the run.";

    public RuleReading? Read(DiagnosisView view)
    {
        (string what, double? mean, int steps) = view.Lengthening is { } guard
            ? ("r(R, length)", guard.Mean, guard.Steps)
            : ("r(reward, length)", view.Recent(ByShaper), view.Options.Window);
        double limit = view.Options.LengthCorrelation;
        return mean is not { } value ? null : new RuleReading(value, limit, view.SlackOf(limit), string.Create(
            CultureInfo.InvariantCulture, $"{what} was {value:+0.00;-0.00} on average over {steps} steps: among right traces the longer ones are paid more"));
    }

    private static double ByShaper(StepSummary step) =>
        step.Shapers.Where(shaper => shaper.Weight != 0).ToArray() is [var only] ? only.LengthCorrelation * Math.Sign(only.Weight) : double.NaN;
}
