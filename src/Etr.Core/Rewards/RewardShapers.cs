using Etr.Core.Presets;

namespace Etr.Core.Rewards;

/// <summary>The reward shapers by name.</summary>
public static class RewardShapers
{
    /// <summary>The shaper used where none is named.</summary>
    public const string Default = "guarded";

    private static readonly (string Name, EtrPreset Preset, Func<EtrPreset, IRewardShaper> Create)[] Catalogue =
    [
        ("guarded", EtrPreset.Guarded, preset => new GuardedShaper(preset)),
        ("paper", EtrPreset.Paper, preset => new PaperShaper(preset)),
        ("reference", EtrPreset.Reference, preset => new ReferenceShaper(preset)),
        ("outcome", EtrPreset.Guarded, _ => new OutcomeShaper()),
    ];

    /// <summary>Every name, the default first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Catalogue.Select(entry => entry.Name)];

    /// <summary>Makes a shaper.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <param name="preset">Entropy, steps and constants; its own preset where null. <c>outcome</c> uses none.</param>
    /// <returns>The shaper; it holds no state and may be shared.</returns>
    /// <exception cref="ArgumentException">There is none of that name; the message lists them.</exception>
    public static IRewardShaper Create(string name, EtrPreset? preset = null)
    {
        var entry = Find(name);
        return entry.Create(preset ?? entry.Preset);
    }

    /// <summary>The preset a shaper has where the configuration names none; also what its statistics are measured by.</summary>
    /// <param name="name">The shaper's name, in any case.</param>
    /// <returns>The preset.</returns>
    /// <exception cref="ArgumentException">There is no shaper of that name.</exception>
    public static EtrPreset PresetOf(string name) => Find(name).Preset;

    private static (string Name, EtrPreset Preset, Func<EtrPreset, IRewardShaper> Create) Find(string name)
    {
        foreach (var entry in Catalogue)
        {
            if (string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase))
                return entry;
        }

        throw new ArgumentException($"There is no reward shaper '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
    }
}
