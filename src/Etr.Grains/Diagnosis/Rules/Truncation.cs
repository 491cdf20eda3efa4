using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>More and more traces are cut off at the length limit.</summary>
internal sealed class Truncation : IDiagnosisRule
{
    public string Name => "truncation";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Raise Etr:Sampling:MaxNewTokens, or charge for what is cut off (Etr:Training:Truncated=penalise).";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Recent(step => step.Truncated) is not { } now || view.Before(step => step.Truncated) is not { Figures: [var before] } kept)
            return null;
        double limit = before + view.Options.TruncationRise;
        string seen = string.Create(
            CultureInfo.InvariantCulture, $"{100 * now:0} % of the traces were cut off on average over {view.Options.Window} steps, {100 * before:0} % some {view.Since(kept)} steps before");
        return new RuleReading(now, limit, view.SlackOf(view.Options.TruncationRise), seen) { Baseline = kept };
    }
}
