using Etr.Core.Presets;
using Etr.Core.Trends;

namespace Etr.Core.Rewards;

/// <summary>
/// The Entropy Trend Reward: a right answer earns more the more steadily the entropy of its steps fell
/// (arXiv 2604.05355, section 3).
/// </summary>
/// <remarks>
/// <code>
/// H_t                              mean token entropy of step t = 1..T, in nats
/// Δ_t = H_{t−1} − H_t              the drop: positive where entropy fell
/// S_t = γ·S_{t−1} + φ(Δ_t)         the momentum; S_1 = 0, φ(Δ) = α·Δ for a drop, β·Δ for a rise
/// R   = Σ_{t≥2} S_t                the trend
/// r   = 1 + λ·R  if right,  −1  if wrong
/// </code>
/// <para>Equally R = (α+β)/2·R_sym − (β−α)/2·Σ w_t·|Δ_t|: a symmetric trend, and a charge for variation that grows with
/// the number of steps. The terms of the result say how much each paid.</para>
/// <para>The recursion itself is <see cref="TrendAccumulator"/>, the closed forms are <see cref="EntropyTrend"/>.</para>
/// </remarks>
public static class EntropyTrendReward
{
    /// <summary>Rewards one trace.</summary>
    /// <param name="correct">Whether its answer is right.</param>
    /// <param name="stepEntropies">H_1 … H_T; may be empty.</param>
    /// <param name="preset">α, β, γ and λ.</param>
    /// <param name="bound">The most that λ·R may add or take, 0 or more; unbounded by default, as published.</param>
    /// <returns>r, R and the terms of r.</returns>
    public static ShapedReward Of(bool correct, ReadOnlySpan<double> stepEntropies, EtrPreset preset, double bound = double.PositiveInfinity)
    {
        ArgumentNullException.ThrowIfNull(preset);
        ArgumentOutOfRangeException.ThrowIfNegative(bound);

        var trend = new TrendAccumulator(preset.Trend);
        trend.AddRange(stepEntropies);
        if (!correct)
            return new ShapedReward(-1, Correct: false, trend.Value) { CorrectnessTerm = -1 };

        var unbounded = preset.Lambda * trend.Value;
        var bonus = Math.Clamp(unbounded, -bound, bound);
        var kept = unbounded == 0 ? 1 : bonus / unbounded;

        var (alpha, beta, gamma) = preset.Trend;
        var symmetric = (alpha + beta) / 2 * EntropyTrend.Symmetric(stepEntropies, gamma);
        var variation = (beta - alpha) / 2 * EntropyTrend.Variation(stepEntropies, gamma);
        return new ShapedReward(1 + bonus, Correct: true, trend.Value)
        {
            CorrectnessTerm = 1,
            TrendTerm = kept * preset.Lambda * symmetric,
            VariationTerm = -kept * preset.Lambda * variation,
        };
    }
}
