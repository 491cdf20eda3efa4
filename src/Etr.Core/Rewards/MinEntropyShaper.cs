using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>Low entropy for its own sake: r = 1 − λ·mean H_t if right, −1 if wrong (arXiv 2604.05355, the ablation "minimise entropy").</summary>
internal sealed class MinEntropyShaper(EtrPreset preset) : TracewiseShaper
{
    public override string Name => "min-entropy";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var mean = MeanOf(trace.StepsFor(preset));
        return Gated(trace, -preset.Lambda * mean, -mean);
    }
}
