using Etr.Core.Advantages;
using Etr.Core.Entropies;
using Etr.Core.Evaluation;
using Etr.Core.Extensions;
using Etr.Core.Presets;
using Etr.Core.Rewards;
using Etr.Core.Tasks;

namespace Etr.Core.Runs;

/// <summary>What a run's <see cref="RewardOptions"/> come to once every blank is filled: shown to people, used by the grains.</summary>
/// <param name="Preset">The preset whose trend is measured, with the configured constants.</param>
/// <param name="Shaper">The reward shapers with their weights; mostly one.</param>
/// <param name="Estimator">The advantage estimator.</param>
/// <param name="Overlong">The charge for overlong traces on top of the reward; null where there is none.</param>
/// <param name="References">What the reference policy does on each prompt; null where no shaper asks.</param>
/// <param name="MinimumSpread">Spread of R (nats) below which a group's right traces are paid for correctness alone; 0 where every group is paid.</param>
public sealed record RewardPlan(
    EtrPreset Preset, RewardMix Shaper, IAdvantageEstimator Estimator, OverlongRule? Overlong = null, ReferenceFigures? References = null, double MinimumSpread = 0)
{
    // DAPO's 4,096 of 20,480 (arXiv 2503.14476).
    private const int OverlongShare = 5;

    /// <summary>Whether what each shaper alone would pay is more than the payment says.</summary>
    public bool RecordsParts => Overlong is not null || MinimumSpread > 0 || Shaper.Parts is not [{ Weight: 1 }];

    /// <summary>
    /// Whether anything that is paid or guarded by reads full-vocabulary entropies: not under the <c>reference</c> preset, and not where
    /// every shaper looks at correctness and length alone.
    /// </summary>
    public bool ReadsFullEntropy => Preset.Entropy == EntropyKind.FullVocabulary
        && (MinimumSpread > 0 || Shaper.Parts.Any(part => part.Weight > 0 && !RewardShapers.IgnoresEntropy(part.Name)));

    /// <summary>Whether the trend that is measured is one that a shaper pays by.</summary>
    public bool PaysTrend => Shaper.Parts.Any(part => part.Weight > 0 && part.Name is "guarded" or "paper" or "reference" or "ungated");

    /// <summary>Fills the blanks of rewards whose run has every other option at its default.</summary>
    /// <inheritdoc cref="Of(RunConfiguration, TimeProvider?, ReferenceFigures?)" path="/exception"/>
    public static RewardPlan Of(RewardOptions options) => Of(new RunConfiguration { Reward = options });

    /// <summary>Fills the blanks.</summary>
    /// <param name="configuration">The run's configuration.</param>
    /// <param name="time">The clock of a shaper of the user's own; the system's where null.</param>
    /// <param name="references">What the reference policy does, where that is known already; null reads what the options name.</param>
    /// <exception cref="ArgumentException">A name is unknown, a constant out of range, or two choices do not go together.</exception>
    /// <exception cref="ExtensionException">A shaper of the user's own cannot be loaded.</exception>
    /// <exception cref="InvalidDataException">The file of reference figures is not there or not an evaluation.</exception>
    public static RewardPlan Of(RunConfiguration configuration, TimeProvider? time = null, ReferenceFigures? references = null)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        RewardOptions options = configuration.Reward;
        (string Name, double Weight)[] names = [.. Names(options)];
        ShaperConstants constants = Constants(configuration, references, names.Any(part => string.Equals(part.Name, "o1-pruner", StringComparison.OrdinalIgnoreCase)));
        var parts = new RewardPart[names.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            (string name, double weight) = names[i];
            IRewardShaper shaper = ExtensionNames.TryParse(name, out string typeName)
                ? Load(configuration, typeName, time ?? TimeProvider.System)
                : RewardShapers.Create(name, PresetOf(options, name), constants);
            parts[i] = new RewardPart(shaper.Name, weight, shaper);
        }

        var mix = new RewardMix(parts);
        OverlongRule? overlong = configuration.Training.Truncated == "penalise" ? new OverlongRule(constants.OverlongLength, constants.OverlongBuffer) : null;
        return new RewardPlan(PresetOf(options, mix.Parts.First(part => part.Weight > 0).Name), mix, EstimatorOf(options, mix), overlong, constants.References, configuration.Guards.MinimumSpread);
    }

    /// <summary>Refuses a set of prompts that a shaper lacks figures for.</summary>
    /// <exception cref="ArgumentException">The reference policy's figures on a prompt are not known.</exception>
    public void Check(IPromptSet prompts)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        for (int i = 0; References is not null && i < prompts.Count; i++)
        {
            string id = prompts[i].Id;
            if (!References.Has(id))
                throw new ArgumentException($"Reward shaper 'o1-pruner' lacks figures of prompt '{id}' of {prompts.Name}: Etr:Reward:ReferenceFigures does not name it, and Etr:Reward:ReferenceLength and Etr:Reward:ReferenceAccuracy are not both set.");
        }
    }

    private static IEnumerable<(string Name, double Weight)> Names(RewardOptions options)
    {
        if (options.Mix.Length == 0)
            return [(options.Shaper, 1)];
        IReadOnlyList<(string Name, double Weight)> mix = RewardMixText.Parse(options.Mix);
        if (options.Shaper != RewardShapers.Default && !mix.Any(part => string.Equals(part.Name, options.Shaper, StringComparison.OrdinalIgnoreCase)))
            throw new ArgumentException($"Etr:Reward:Shaper names '{options.Shaper}', which Etr:Reward:Mix, which takes its place, does not: leave one of them out.", nameof(options));
        return mix;
    }

    private static EtrPreset PresetOf(RewardOptions options, string shaper)
    {
        EtrPreset own = ExtensionNames.TryParse(shaper, out _) ? EtrPreset.Guarded : RewardShapers.PresetOf(shaper);
        EtrPreset named = options.Preset.Length == 0 ? own : EtrPreset.Find(options.Preset);
        return named with
        {
            Trend = (named.Trend with
            {
                Alpha = options.Alpha ?? named.Trend.Alpha,
                Beta = options.Beta ?? named.Trend.Beta,
                Gamma = options.Gamma ?? named.Trend.Gamma,
            }).Checked(),
            Lambda = options.Lambda ?? named.Lambda,
        };
    }

    private static IAdvantageEstimator EstimatorOf(RewardOptions options, RewardMix mix)
    {
        RewardPart[] paying = [.. mix.Parts.Where(part => part.Weight > 0)];
        string name = options.Estimator.Length > 0 ? options.Estimator : paying.Length == 1 ? AdvantageEstimators.DefaultFor(paying[0].Name) : "group";
        bool ranks = paying.Length == 1 && (ExtensionNames.TryParse(paying[0].Name, out _) || RewardShapers.RanksByTrend(paying[0].Name));
        if (name == AdvantageEstimators.TrendNormalized && !ranks)
            throw new ArgumentException($"Estimator '{name}' reads correctness and R alone, and reward '{mix.Name}' pays for more: choose another in Etr:Reward:Estimator.", nameof(options));
        return AdvantageEstimators.Create(name, new AdvantageOptions { Weight = options.TrendWeight, TrendEpsilon = options.TrendEpsilon });
    }

    private static ExtensionShaper Load(RunConfiguration configuration, string typeName, TimeProvider time) => configuration.Reward.Assembly.Length == 0
        ? throw new ExtensionException($"Etr:Reward names the class {typeName} and Etr:Reward:Assembly no assembly that has it")
        : ExtensionShaper.Load(configuration.Reward.Assembly, typeName, ExtensionOptions.Of(configuration.Run), time);

    private static ShaperConstants Constants(RunConfiguration configuration, ReferenceFigures? references, bool needsReferences)
    {
        RewardOptions options = configuration.Reward;
        int length = options.OverlongLength > 0 ? options.OverlongLength : configuration.Sampling.MaxNewTokens;
        return new ShaperConstants
        {
            Budget = options.Budget,
            TokenCost = options.TokenCost,
            AccuracyWeight = options.AccuracyWeight,
            OverlongLength = length,
            OverlongBuffer = options.OverlongBuffer ?? length / OverlongShare,
            References = needsReferences ? references ?? ReadReferences(options) : null,
        }.Checked();
    }

    private static ReferenceFigures? ReadReferences(RewardOptions options)
    {
        ReferenceFigure? everywhere = options is { ReferenceLength: { } length, ReferenceAccuracy: { } accuracy } ? new ReferenceFigure(length, accuracy) : null;
        if (options.ReferenceFigures.Length == 0)
            return everywhere is { } figure ? ReferenceFigures.Everywhere(figure) : null;
        EvaluationPair evaluation = EvaluationFile.Read(options.ReferenceFigures)
            ?? throw new InvalidDataException($"Etr:Reward:ReferenceFigures names {options.ReferenceFigures}, which does not exist.");
        return ReferenceFigures.Of(evaluation.Sampled, everywhere);
    }
}
