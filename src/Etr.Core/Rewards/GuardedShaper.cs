using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>
/// The default: r = 1 + clip(λR, ±0.5) if right, −1 if wrong, so that a wrong answer never beats a right one. Its estimator,
/// <c>trend-normalized</c>, reads correctness and R rather than r.
/// </summary>
internal sealed class GuardedShaper(EtrPreset preset) : TracewiseShaper
{
    /// <summary>The most that λR may add or take.</summary>
    internal const double Bound = 0.5;

    public override string Name => "guarded";

    protected override ShapedReward Shape(GradedTrace trace) => EntropyTrendReward.Of(trace.Correct, trace.StepsFor(preset), preset, Bound);
}
