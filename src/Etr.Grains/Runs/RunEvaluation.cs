namespace Etr.Grains.Runs;

/// <summary>What an evaluation during the run found on the held-out prompts, at the run's temperature.</summary>
[GenerateSerializer, Immutable, Alias("etr.run-evaluation")]
public sealed record RunEvaluation
{
    /// <summary>The step whose policy was evaluated.</summary>
    [Id(0)] public required int Step { get; init; }

    /// <summary>Share of right traces (0 to 1).</summary>
    [Id(1)] public required double Accuracy { get; init; }

    /// <summary>Wilson's 95 % interval of it, low end.</summary>
    [Id(2)] public required double AccuracyLow { get; init; }

    /// <summary>Its high end.</summary>
    [Id(3)] public required double AccuracyHigh { get; init; }

    /// <summary>Mean tokens a trace.</summary>
    [Id(4)] public required double Length { get; init; }

    /// <summary>r(R, length) among right traces; NaN where it is undefined.</summary>
    [Id(5)] public required double TrendLengthCorrelation { get; init; }

    /// <summary>SHA-256 of the policy.</summary>
    [Id(6)] public required string PolicySha256 { get; init; }

    /// <summary>Why it could not be made; empty where it was.</summary>
    [Id(7)] public string Failure { get; init; } = "";

    /// <summary>Whether this is better than <paramref name="other"/>: more accurate, or as accurate and shorter.</summary>
    public bool IsBetterThan(RunEvaluation other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Accuracy != other.Accuracy ? Accuracy > other.Accuracy : Length < other.Length;
    }

    /// <summary>The best of some; the first of equals; null where none could be made.</summary>
    public static RunEvaluation? BestOf(IEnumerable<RunEvaluation> evaluations) =>
        evaluations.Where(found => found.Failure.Length == 0).Aggregate((RunEvaluation?)null, (best, found) => best is null || found.IsBetterThan(best) ? found : best);
}
