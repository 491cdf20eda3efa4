using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>The policy grows uncertain everywhere.</summary>
internal sealed class EntropyBlowUp : IDiagnosisRule
{
    public string Name => "entropy-blow-up";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Lower the learning rate, or hold the policy to where it started with a KL weight (Etr:Training:KlCoefficient).";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Recent(step => step.StepEntropy) is not { } now || view.Before(step => step.StepEntropy) is not { Figures: [var before] } kept)
            return null;
        double limit = before + Math.Max(view.Options.EntropyRiseFloor, view.Options.EntropyRise * before);
        string seen = string.Create(
            CultureInfo.InvariantCulture, $"Step entropy was {now:0.000} nats on average over {view.Options.Window} steps, {before:0.000} some {view.Since(kept)} steps before");
        return new RuleReading(now, limit, view.SlackOf(limit), seen) { Baseline = kept };
    }
}
