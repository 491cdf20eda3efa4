using Etr.Core.Advantages;
using Etr.Core.Presets;
using Etr.Core.Rewards;

namespace Etr.Core.Runs;

/// <summary>What a run's <see cref="RewardOptions"/> come to once every blank is filled: shown to people, used by the grains.</summary>
/// <param name="Preset">The preset whose trend is measured, with the configured constants.</param>
/// <param name="Shaper">The reward shaper.</param>
/// <param name="Estimator">The advantage estimator.</param>
public sealed record RewardPlan(EtrPreset Preset, IRewardShaper Shaper, IAdvantageEstimator Estimator)
{
    /// <summary>Fills the blanks.</summary>
    /// <exception cref="ArgumentException">A name is unknown or a constant out of range.</exception>
    public static RewardPlan Of(RewardOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        EtrPreset named = options.Preset.Length == 0 ? RewardShapers.PresetOf(options.Shaper) : EtrPreset.Find(options.Preset);
        EtrPreset preset = named with
        {
            Trend = (named.Trend with
            {
                Alpha = options.Alpha ?? named.Trend.Alpha,
                Beta = options.Beta ?? named.Trend.Beta,
                Gamma = options.Gamma ?? named.Trend.Gamma,
            }).Checked(),
            Lambda = options.Lambda ?? named.Lambda,
        };
        string estimator = options.Estimator.Length == 0 ? AdvantageEstimators.DefaultFor(options.Shaper) : options.Estimator;
        var constants = new AdvantageOptions { Weight = options.TrendWeight, TrendEpsilon = options.TrendEpsilon };
        return new RewardPlan(preset, RewardShapers.Create(options.Shaper, preset), AdvantageEstimators.Create(estimator, constants));
    }
}
