using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>Sampler and learner come to disagree about how likely the same tokens are.</summary>
internal sealed class SamplerGap : IDiagnosisRule
{
    public string Name => "sampler-gap";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Lower Etr:Run:Staleness, draw without int8 (Etr:Policy:Quantization=none), or correct for it (Etr:Training:Correction).";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Recent(step => step.SamplerGap) is not { } now || view.Before(step => step.SamplerGap) is not { Figures: [var before] } kept)
            return null;
        double limit = Math.Max(view.Options.SamplerGapFloor, before * (1 + view.Options.SamplerGapRise));
        string seen = string.Create(
            CultureInfo.InvariantCulture, $"Learner and sampler differed by {now:0.0000} nats a token on average over {view.Options.Window} steps, by {before:0.0000} some {view.Since(kept)} steps before");
        return new RuleReading(now, limit, view.SlackOf(limit), seen) { Baseline = kept };
    }
}
