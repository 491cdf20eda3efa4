using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>The policy opens with more uncertainty than it did, so that entropy can fall from there. The guard's own reading.</summary>
internal sealed class OpeningClimbs : IDiagnosisRule
{
    public string Name => "opening-climbs";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "It is paid for, since α > 0, and shaper guarded (α = 0) is the way out; Etr:Guards:Opening can switch the trend off or pause by itself.";

    // Drops pay nothing then (φ(x) = α·x for a drop): a high start is not asked for, and only spares rises.
    private const string TryGuarded = "With α = 0 (shaper guarded) no drop from there is paid for, a high start only spares rises their charge: hold the policy to where it started with a KL weight (Etr:Training:KlCoefficient) or lower the learning rate; Etr:Guards:Opening can switch the trend off or pause by itself.";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Opening is not { } guard)
            return null;
        string seen = string.Create(
            CultureInfo.InvariantCulture, $"H_1, the entropy of the first step, was {guard.Mean:0.000} nats on average over {guard.Steps} steps, above {guard.Limit:0.000}");
        return new RuleReading(guard.Mean, guard.Limit, view.SlackOf(guard.Limit), seen) { Try = view.Alpha > 0 ? null : TryGuarded };
    }
}
