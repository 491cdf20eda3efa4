using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>
/// A negative control: r = 1 + λ·mean H_t if right, −1 if wrong (arXiv 2604.05355, the ablation "maximise entropy"). Kept to
/// compare against, not to train with.
/// </summary>
internal sealed class MaxEntropyShaper(EtrPreset preset) : TracewiseShaper
{
    public override string Name => "max-entropy";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var mean = MeanOf(trace.StepsFor(preset));
        return Gated(trace, preset.Lambda * mean, mean);
    }
}
