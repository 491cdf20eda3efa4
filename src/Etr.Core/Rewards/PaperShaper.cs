using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>As the paper prints it: r = 1 + λR if right, −1 if wrong, without a floor (arXiv 2604.05355, section 3).</summary>
internal sealed class PaperShaper(EtrPreset preset) : TracewiseShaper
{
    public override string Name => "paper";

    protected override ShapedReward Shape(GradedTrace trace) => EntropyTrendReward.Of(trace.Correct, trace.StepsFor(preset), preset);
}
