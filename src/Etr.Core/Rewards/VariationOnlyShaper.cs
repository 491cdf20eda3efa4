using Etr.Core.Presets;
using Etr.Core.Trends;

namespace Etr.Core.Rewards;

/// <summary>
/// A negative control: r = 1 − λ·Σ w_t·|Δ_t| if right, −1 if wrong: the hidden charge on length that the released code's α ≠ β
/// brings, alone (<see cref="EntropyTrend.Variation"/>).
/// </summary>
internal sealed class VariationOnlyShaper(EtrPreset preset) : TracewiseShaper
{
    public override string Name => "variation-only";

    protected override ShapedReward Shape(GradedTrace trace)
    {
        var variation = EntropyTrend.Variation(trace.StepsFor(preset), preset.Trend.Gamma);
        return trace.Correct
            ? new ShapedReward(1 - preset.Lambda * variation, Correct: true, -variation) { CorrectnessTerm = 1, VariationTerm = -preset.Lambda * variation }
            : new ShapedReward(-1, Correct: false, -variation) { CorrectnessTerm = -1 };
    }
}
