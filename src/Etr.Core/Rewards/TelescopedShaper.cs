using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>
/// Without momentum the drops telescope: r = 1 + λ(H_1 − H_T) if right, −1 if wrong (arXiv 2604.05355, the ablation "no
/// momentum"). Fewer than two steps: no drop.
/// </summary>
internal sealed class TelescopedShaper(EtrPreset preset) : TracewiseShaper
{
    public override string Name => "telescoped";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var steps = trace.StepsFor(preset);
        var drop = steps.IsEmpty ? 0 : steps[0] - steps[^1];
        return Gated(trace, preset.Lambda * drop, drop);
    }
}
