namespace Etr.Core.Trends;

/// <summary>Closed forms of the trend of a whole trace, and what it is made of (arXiv 2604.05355, section 3).</summary>
public static class EntropyTrend
{
    /// <summary>
    /// R = Σ_{t≥2} w_t·φ(Δ_t), φ(Δ) = α·Δ for a drop and β·Δ for a rise, w_t = 1 + γ + … + γ^{T−t}, which is
    /// (1 − γ^{T−t+1})/(1 − γ), or T − t + 1 where γ = 1.
    /// </summary>
    /// <param name="stepEntropies">Mean token entropy of each step, in nats.</param>
    /// <param name="options">The constants.</param>
    /// <returns>R in nats; 0 for fewer than two steps.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A constant is out of range.</exception>
    public static double Of(ReadOnlySpan<double> stepEntropies, TrendOptions options)
    {
        options.Checked();
        double trend = 0, weight = 0;

        // From the last step backwards each weight follows from the next without a power or a division by 1 − γ.
        for (var t = stepEntropies.Length - 1; t >= 1; t--)
        {
            weight = 1 + options.Gamma * weight;
            var drop = stepEntropies[t - 1] - stepEntropies[t];
            trend += weight * (drop > 0 ? options.Alpha : options.Beta) * drop;
        }

        return trend;
    }

    /// <summary>R_sym, the trend with α = β = 1: how far the recent-weighted entropy lies below the first step's.</summary>
    /// <param name="stepEntropies">Mean token entropy of each step, in nats.</param>
    /// <param name="gamma">Momentum, 0 to 1.</param>
    /// <returns>Nats, of either sign.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="gamma"/> is out of range.</exception>
    public static double Symmetric(ReadOnlySpan<double> stepEntropies, double gamma) => Of(stepEntropies, new TrendOptions(1, 1, gamma));

    /// <summary>
    /// Σ_{t≥2} w_t·|Δ_t|, which grows with every wavering step. With α ≠ β it is a hidden length penalty:
    /// R = (α+β)/2·R_sym − (β−α)/2·variation.
    /// </summary>
    /// <inheritdoc cref="Symmetric" path="/param|/exception"/>
    /// <returns>Nats, 0 or more.</returns>
    public static double Variation(ReadOnlySpan<double> stepEntropies, double gamma)
    {
        // |Δ| = max(Δ, 0) − min(Δ, 0): what drops alone would pay, less what rises alone would cost.
        var drops = Of(stepEntropies, new TrendOptions(1, 0, gamma));
        var rises = Of(stepEntropies, new TrendOptions(0, 1, gamma));
        return drops - rises;
    }
}
