using Etr.Core.Presets;
using Etr.Core.Trends;

namespace Etr.Core.Rewards;

/// <summary>
/// A negative control: r = λR whether right or wrong (arXiv 2604.05355, the ablation "no correctness gate"). Kept to compare
/// against, not to train with.
/// </summary>
internal sealed class UngatedShaper(EtrPreset preset) : TracewiseShaper
{
    public override string Name => "ungated";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var trend = EntropyTrend.Of(trace.StepsFor(preset), preset.Trend);
        return new ShapedReward(preset.Lambda * trend, trace.Correct, trend) { TrendTerm = preset.Lambda * trend };
    }
}
