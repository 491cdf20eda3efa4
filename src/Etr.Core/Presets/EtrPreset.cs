using Etr.Core.Entropies;
using Etr.Core.Steps;
using Etr.Core.Trends;

namespace Etr.Core.Presets;

/// <summary>A named set of choices: which entropy, which steps, which constants. Change one with a <c>with</c> expression.</summary>
/// <param name="Name">What configuration and reports call it.</param>
/// <param name="Entropy">Which token entropy it reads.</param>
/// <param name="Steps">How it cuts a response.</param>
/// <param name="Trend">α, β, γ.</param>
/// <param name="Lambda">λ, the weight of the trend beside correctness in the reward, per nat.</param>
public sealed record EtrPreset(string Name, EntropyKind Entropy, StepRule Steps, TrendOptions Trend, double Lambda)
{
    // The paper does not publish its λ; this is the released code's.
    private const double ReleasedLambda = 0.005;

    /// <summary>As the paper prints it (arXiv 2604.05355). Its trend can pay for inserted steps.</summary>
    public static EtrPreset Paper { get; } =
        new("paper", EntropyKind.FullVocabulary, StepRule.SampledText, TrendOptions.Paper, ReleasedLambda);

    /// <summary>As the paper's released code computes it, quirks included.</summary>
    public static EtrPreset Reference { get; } =
        new("reference", EntropyKind.TopFive, StepRule.ArgMaxToken, TrendOptions.Reference, ReleasedLambda);

    /// <summary>The default: rises of entropy are charged, drops pay nothing, and the trend ranks right traces only.</summary>
    public static EtrPreset Guarded { get; } =
        new("guarded", EntropyKind.FullVocabulary, StepRule.SampledText, TrendOptions.Guarded, ReleasedLambda);

    /// <summary>Every preset, the default first.</summary>
    public static IReadOnlyList<EtrPreset> All { get; } = [Guarded, Paper, Reference];

    /// <summary>
    /// One line for the person who chose this preset, or null where there is nothing to warn of.
    /// </summary>
    public string? Warning => Trend.Alpha > 0
        ? $"preset '{Name}' pays for drops of entropy (alpha {Trend.Alpha:0.###}): it can reward inserted steps and an uncertain opening, and lengthen chains; watch r(R, length)."
        : null;

    /// <summary>Looks a preset up.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <returns>The preset.</returns>
    /// <exception cref="ArgumentException">There is none of that name; the message lists them.</exception>
    public static EtrPreset Find(string name)
    {
        foreach (var preset in All)
        {
            if (string.Equals(preset.Name, name, StringComparison.OrdinalIgnoreCase))
                return preset;
        }

        throw new ArgumentException($"There is no preset '{name}'; there are {string.Join(", ", All.Select(p => p.Name))}.", nameof(name));
    }
}
