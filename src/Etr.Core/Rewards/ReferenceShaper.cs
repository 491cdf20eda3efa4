using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>
/// As the paper's released code computes it: r = 1 + λR if right, −1 if wrong, but 0 for any trace of which no step is left,
/// so that a wrong answer without steps beats a wrong one with them. Kept to compare against, not to train with.
/// </summary>
internal sealed class ReferenceShaper(EtrPreset preset) : TracewiseShaper
{
    public override string Name => "reference";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var steps = trace.StepsFor(preset);
        return steps.IsEmpty ? new ShapedReward(0, trace.Correct) : EntropyTrendReward.Of(trace.Correct, steps, preset);
    }
}
