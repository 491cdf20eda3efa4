using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>The policy opens with more uncertainty than it did, so that entropy can fall from there. The guard's own reading.</summary>
internal sealed class OpeningClimbs : IDiagnosisRule
{
    public string Name => "opening-climbs";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Where α > 0 that is paid for, and shaper guarded (α = 0) is the way out; Etr:Guards:Opening can switch the trend off or pause by itself.";

    public RuleReading? Read(DiagnosisView view) => view.Opening is not { } guard ? null : new RuleReading(
        guard.Mean, guard.Limit, view.SlackOf(guard.Limit), string.Create(
            CultureInfo.InvariantCulture, $"H_1, the entropy of the first step, was {guard.Mean:0.000} nats on average over {guard.Steps} steps, above {guard.Limit:0.000}"));
}
