namespace Etr.Core.Advantages;

/// <summary>The advantage estimators by name, and which one goes with which reward shaper.</summary>
public static class AdvantageEstimators
{
    /// <summary>The estimator that reads correctness and R, not r.</summary>
    internal const string TrendNormalized = "trend-normalized";

    private static readonly (string Name, Func<AdvantageOptions, IAdvantageEstimator> Create)[] Catalogue =
    [
        (TrendNormalized, options => new TrendNormalizedEstimator(options)),
        ("group", options => new GroupEstimator(options)),
        ("center", _ => new CenterEstimator()),
        ("rloo", _ => new RlooEstimator()),
        ("batch", options => new BatchEstimator(options)),
    ];

    /// <summary>Every name.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Catalogue.Select(entry => entry.Name)];

    /// <summary>Makes an estimator.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <param name="options">Its constants; the defaults where null.</param>
    /// <returns>The estimator; it holds no state and may be shared.</returns>
    /// <exception cref="ArgumentException">There is none of that name; the message lists them.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A constant is out of range.</exception>
    public static IAdvantageEstimator Create(string name, AdvantageOptions? options = null)
    {
        var constants = (options ?? new AdvantageOptions()).Checked();
        foreach (var entry in Catalogue)
        {
            if (string.Equals(entry.Name, name, StringComparison.OrdinalIgnoreCase))
                return entry.Create(constants);
        }

        throw new ArgumentException($"There is no advantage estimator '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
    }

    /// <summary>The estimator of a run whose configuration names none.</summary>
    /// <param name="shaper">The reward shaper's name, in any case.</param>
    /// <returns><c>trend-normalized</c> for <c>guarded</c> and its control <c>random</c>, <c>group</c> for every other shaper.</returns>
    public static string DefaultFor(string shaper) =>
        string.Equals(shaper, "guarded", StringComparison.OrdinalIgnoreCase) || string.Equals(shaper, "random", StringComparison.OrdinalIgnoreCase)
            ? TrendNormalized
            : "group";
}
