using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>The reward shapers by name.</summary>
public static class RewardShapers
{
    /// <summary>The shaper used where none is named.</summary>
    public const string Default = "guarded";

    private static readonly string[] Blind = ["outcome", "lcpo-exact", "lcpo-max", "o1-pruner", "kimi-length", "overlong", "random"];

    private static readonly Entry[] Catalogue =
    [
        new("guarded", EtrPreset.Guarded, Ranks: true, (preset, _) => new GuardedShaper(preset)),
        new("paper", EtrPreset.Paper, Ranks: true, (preset, _) => new PaperShaper(preset)),
        new("reference", EtrPreset.Reference, Ranks: true, (preset, _) => new ReferenceShaper(preset)),
        new("outcome", EtrPreset.Guarded, Ranks: true, (_, _) => new OutcomeShaper()),
        new("telescoped", EtrPreset.Guarded, Ranks: true, (preset, _) => new TelescopedShaper(preset)),
        new("min-entropy", EtrPreset.Guarded, Ranks: true, (preset, _) => new MinEntropyShaper(preset)),
        new("pear", EtrPreset.Guarded, Ranks: false, (_, _) => new PearShaper()),
        new("lcpo-exact", EtrPreset.Guarded, Ranks: false, (_, constants) => new LcpoExactShaper(constants.Budget, constants.TokenCost)),
        new("lcpo-max", EtrPreset.Guarded, Ranks: false, (_, constants) => new LcpoMaxShaper(constants.Budget, constants.TokenCost)),
        new("o1-pruner", EtrPreset.Guarded, Ranks: false, (_, constants) => new O1PrunerShaper(RequireReferences(constants), constants.AccuracyWeight)),
        new("kimi-length", EtrPreset.Guarded, Ranks: false, (_, _) => new KimiLengthShaper()),
        new("max-entropy", EtrPreset.Guarded, Ranks: true, (preset, _) => new MaxEntropyShaper(preset)),
        new("ungated", EtrPreset.Paper, Ranks: false, (preset, _) => new UngatedShaper(preset)),
        new("variation-only", EtrPreset.Guarded, Ranks: true, (preset, _) => new VariationOnlyShaper(preset)),
        new("random", EtrPreset.Guarded, Ranks: true, (preset, _) => new RandomShaper(preset)),
        new("overlong", EtrPreset.Guarded, Ranks: false, (_, constants) => new OverlongShaper(constants.OverlongLength, constants.OverlongBuffer)),
    ];

    /// <summary>Every name, the default first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Catalogue.Select(entry => entry.Name)];

    /// <summary>Makes a shaper.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <param name="preset">Entropy, steps and constants; its own preset where null. Shapers that look at length alone use none.</param>
    /// <param name="constants">The other constants; the defaults where null.</param>
    /// <returns>The shaper; it holds no state and may be shared.</returns>
    /// <exception cref="ArgumentException">There is none of that name, and the message lists them; or it lacks what it needs.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A constant is out of range.</exception>
    public static IRewardShaper Create(string name, EtrPreset? preset = null, ShaperConstants? constants = null)
    {
        var entry = Find(name);
        return entry.Create(preset ?? entry.Preset, (constants ?? new ShaperConstants()).Checked());
    }

    /// <summary>The preset a shaper has where the configuration names none; also what its statistics are measured by.</summary>
    /// <param name="name">The shaper's name, in any case.</param>
    /// <returns>The preset.</returns>
    /// <exception cref="ArgumentException">There is no shaper of that name.</exception>
    public static EtrPreset PresetOf(string name) => Find(name).Preset;

    /// <summary>
    /// Whether correctness and <see cref="ShapedReward.Trend"/> say all that a shaper pays for, as an estimator needs that
    /// reads nothing else (<c>trend-normalized</c>).
    /// </summary>
    /// <param name="name">The shaper's name, in any case.</param>
    /// <exception cref="ArgumentException">There is no shaper of that name.</exception>
    public static bool RanksByTrend(string name) => Find(name).Ranks;

    /// <summary>Whether a shaper looks at correctness and length alone; one of the user's own may look at anything.</summary>
    /// <param name="name">The shaper's name, in any case.</param>
    public static bool IgnoresEntropy(string name) => Blind.Contains(name, StringComparer.OrdinalIgnoreCase);

    private static ReferenceFigures RequireReferences(ShaperConstants constants) => constants.References ?? throw new ArgumentException(
        "Reward shaper 'o1-pruner' needs what the reference policy does on each prompt: name the file of 'etr eval --out FILE' in Etr:Reward:ReferenceFigures, or set both Etr:Reward:ReferenceLength and Etr:Reward:ReferenceAccuracy.",
        nameof(constants));

    private static Entry Find(string name)
    {
        foreach (var entry in Catalogue)
        {
            if (string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase))
                return entry;
        }

        throw new ArgumentException($"There is no reward shaper '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
    }

    private sealed record Entry(string Name, EtrPreset Preset, bool Ranks, Func<EtrPreset, ShaperConstants, IRewardShaper> Create);
}
