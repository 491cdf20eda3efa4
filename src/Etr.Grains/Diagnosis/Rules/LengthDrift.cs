using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>Chains grow; or they shrink and accuracy goes with them.</summary>
internal sealed class LengthDrift : IDiagnosisRule
{
    public string Name => "length-drift";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Look at r(R, length): where it is positive the reward asks for longer chains; where chains shrink and accuracy with them, lower the trend's weight (Etr:Reward:Lambda).";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Recent(step => step.Length) is not { } now || view.Before(step => step.Length, step => step.Accuracy) is not { Figures: [> 0 and var before, var accurate] } kept)
            return null;
        double lost = accurate - (view.Recent(step => step.Accuracy) ?? accurate);
        double change = now / before - 1;

        // As a share of what is allowed: one figure for growth, and for shrinking that costs accuracy. Shrinking alone is the result.
        double value = change >= 0 ? change / Math.Max(view.Options.LengthRise, 1e-9)
            : Math.Min(-change / Math.Max(view.Options.LengthFall, 1e-9), lost / Math.Max(view.Options.AccuracyFall, 1e-9));
        string accuracy = string.Create(CultureInfo.InvariantCulture, $"{(lost > 0 ? $", and accuracy fell by {100 * lost:0} points" : "")}");
        string seen = string.Create(
            CultureInfo.InvariantCulture, $"Traces had {now:0.0} tokens on average over {view.Options.Window} steps, {before:0.0} some {view.Since(kept)} steps before ({100 * change:+0;-0} %){accuracy}");
        return new RuleReading(value, 1, view.SlackOf(1), seen) { Baseline = kept };
    }
}
