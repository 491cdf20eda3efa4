using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>The policy is certain and wrong: there is nothing left to explore.</summary>
internal sealed class EntropyCollapse : IDiagnosisRule
{
    public string Name => "entropy-collapse";

    public FindingLevel Level => FindingLevel.Bad;

    public bool IsLive => false;

    public string Try => "Go back to an earlier checkpoint with a higher Etr:Sampling:Temperature, a higher Etr:Training:ClipHigh or a lower learning rate.";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Recent(step => step.StepEntropy) is not { } entropy || view.Recent(step => step.Accuracy) is not { } accuracy)
            return null;
        double limit = view.Options.EntropyFloor;

        // A policy that is certain and right has got what the reward pays for.
        double value = accuracy < view.Options.EntropyFloorAccuracy ? -entropy : double.NegativeInfinity;
        return new RuleReading(value, -limit, view.SlackOf(limit), string.Create(
            CultureInfo.InvariantCulture, $"Step entropy was {entropy:0.0000} nats on average over {view.Options.Window} steps at an accuracy of {accuracy:0.00}: the policy is certain, and wrong"));
    }
}
