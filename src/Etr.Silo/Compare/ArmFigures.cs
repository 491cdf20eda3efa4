using Etr.Core.Statistics;

namespace Etr.Silo.Compare;

/// <summary>An arm's runs, one a seed, and figures over them: means with 95 % intervals over the seeds.</summary>
/// <param name="Name">The arm's name.</param>
/// <param name="Runs">Its finished runs.</param>
internal sealed record ArmFigures(string Name, IReadOnlyList<CompareRun> Runs)
{
    /// <summary>Groups runs by arm, in the order they come in.</summary>
    public static IReadOnlyList<ArmFigures> Of(IEnumerable<CompareRun> runs) =>
        [.. runs.GroupBy(run => run.Arm, StringComparer.Ordinal).Select(arm => new ArmFigures(arm.Key, [.. arm]))];

    /// <summary>The starting policy: an evaluation of each seed, the mean over the arms that made one with it.</summary>
    public static ConfidenceInterval Start(IEnumerable<ArmFigures> arms, Func<HeldOut, double?> figure) => Interval(
        arms.SelectMany(arm => arm.Runs).GroupBy(run => run.Seed).Select(seed => Mean(seed.Select(run => run.Before is { } before ? figure(before) : null))));

    /// <summary>A figure over the seeds where it is defined.</summary>
    public ConfidenceInterval Over(Func<CompareRun, double?> figure) => Interval(Runs.Select(figure));

    /// <summary>A held-out figure of the starting policies.</summary>
    public ConfidenceInterval Before(Func<HeldOutFigures, double?> figure, string? category = null) => Over(run => Value(run.Before, figure, category));

    /// <summary>A held-out figure of the trained policies.</summary>
    public ConfidenceInterval After(Func<HeldOutFigures, double?> figure, string? category = null) => Over(run => Value(run.After, figure, category));

    /// <summary>By how much a held-out figure rose in training, each run against its own start.</summary>
    public ConfidenceInterval Change(Func<HeldOutFigures, double?> figure) =>
        Over(run => Value(run.After, figure, null) - Value(run.Before, figure, null));

    /// <summary>By how much a held-out figure of the trained policies lies above another arm's, over the seeds that both have.</summary>
    public ConfidenceInterval Against(ArmFigures other, Func<HeldOutFigures, double?> figure) => Interval(
        Runs.Join(other.Runs, run => run.Seed, run => run.Seed, (mine, its) => Value(mine.After, figure, null) - Value(its.After, figure, null)));

    /// <summary>
    /// A figure of the training steps, a value a seed at every step. A run that ended before the others keeps its last value: its
    /// policy changes no more.
    /// </summary>
    /// <param name="figure">The figure.</param>
    /// <param name="window">Each step's value is the mean of so many steps up to it, fewer at the beginning: one step sees few prompts.</param>
    /// <returns>Step and interval over the seeds, up to the longest run.</returns>
    public IReadOnlyList<(int Step, ConfidenceInterval Value)> Curve(Func<CurvePoint, double?> figure, int window = 1)
    {
        double[][] series = [.. Runs.Select(run => Smooth(Defined(run.Curve.Select(figure)), window)).Where(values => values.Length > 0)];
        int longest = series.Select(values => values.Length).DefaultIfEmpty(0).Max();
        return [.. Enumerable.Range(0, longest).Select(step => (step + 1, ConfidenceInterval.Of([.. series.Select(values => values[Math.Min(step, values.Length - 1)])])))];
    }

    private static double? Value(HeldOut? held, Func<HeldOutFigures, double?> figure, string? category) =>
        (category is null ? held : held?.ByCategory.GetValueOrDefault(category)) is { } figures ? figure(figures) : null;

    private static double[] Smooth(double[] values, int window) =>
        [.. values.Select((_, i) => values[Math.Max(0, i - window + 1)..(i + 1)].Average())];

    private static double? Mean(IEnumerable<double?> values)
    {
        double[] defined = Defined(values);
        return defined.Length == 0 ? null : defined.Average();
    }

    private static ConfidenceInterval Interval(IEnumerable<double?> values) => ConfidenceInterval.Of(Defined(values));

    private static double[] Defined(IEnumerable<double?> values) => [.. values.Where(value => value is { } number && double.IsFinite(number)).Select(value => value!.Value)];
}
