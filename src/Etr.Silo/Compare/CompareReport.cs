using System.Globalization;
using System.Text;
using Etr.Core.Statistics;

namespace Etr.Silo.Compare;

/// <summary>The Markdown of a comparison, <c>RESULTS.md</c>: sentences and tables made from the numbers.</summary>
internal static class CompareReport
{
    private const double NoSpread = 1e-9;
    private const string Signed = "+0.00;-0.00;0.00";

    /// <summary>Writes it for some results.</summary>
    /// <param name="results">The runs.</param>
    /// <param name="plots">File names of plots to show, relative to the report.</param>
    public static string Of(CompareResults results, IReadOnlyList<string> plots)
    {
        IReadOnlyList<ArmFigures> arms = ArmFigures.Of(results.Runs);
        var text = new StringBuilder();
        text.AppendLine("# Arms compared");
        text.AppendLine();
        text.AppendLine("Made by `etr compare` from `results.json`. Means ± 95 % intervals (Student's t) over seeds, of held-out prompts drawn at the run's");
        text.AppendLine("temperature; a mean without an interval is one seed, or the same at every seed, as the starting policy is. Verdicts are of differences");
        text.AppendLine("paired by seed: \"no effect\" and \"unchanged\" say that the interval holds 0, not that there is no difference. Intervals are of training over");
        text.AppendLine("seeds; other held-out prompts would move start and end alike.");
        text.AppendLine();
        foreach (ArmFigures arm in arms)
            text.AppendLine($"* {CompareSentence.Of(arm, arms)}");
        text.AppendLine();
        foreach (string plot in plots)
            text.AppendLine($"![{Path.GetFileNameWithoutExtension(plot).Replace('-', ' ')}]({plot})");
        if (plots.Count > 0)
            text.AppendLine();
        WriteOutcome(text, arms);
        WriteCategories(text, arms);
        WriteExploration(text, arms);
        return text.ToString();
    }

    /// <summary>A mean with its interval, such as <c>0.998 ± 0.003</c>; without one where the values do not differ; a dash where there are none.</summary>
    public static string Text(ConfidenceInterval value, string format) => value.Count == 0 ? "–" : value.Mean.ToString(format, CultureInfo.InvariantCulture)
        + (value.HalfWidth is > NoSpread and var half ? $" ± {half.ToString(format.Split(';')[0].TrimStart('+'), CultureInfo.InvariantCulture)}" : "");

    private static void WriteOutcome(StringBuilder text, IReadOnlyList<ArmFigures> arms)
    {
        text.AppendLine("## Accuracy and length");
        text.AppendLine();
        text.AppendLine("| arm (estimator) | seeds | accuracy | tokens a trace | length | AES | re-checks a trace | steps a trace | tokens a step | r(R, length) before | policy updates | minutes |");
        text.AppendLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        int seeds = arms.SelectMany(arm => arm.Runs).Select(run => run.Seed).Distinct().Count();
        text.AppendLine($"| (the start) | {seeds} | {Text(ArmFigures.Start(arms, held => held.Accuracy), "0.000")} | {Text(ArmFigures.Start(arms, held => held.Length), "0.0")} | | | {Text(ArmFigures.Start(arms, held => held.Reflections), "0.00")} | | | | | |");
        foreach (ArmFigures arm in arms)
        {
            text.AppendLine(
                $"| `{arm.Name}` ({arm.Runs[0].Estimator}) | {arm.Runs.Count} | {Text(arm.After(held => held.Accuracy), "0.000")} | {Text(arm.After(held => held.Length), "0.0")} " +
                $"| {Text(arm.Over(LengthChange), "+0.0;-0.0;0.0")} % | {Text(arm.Over(run => run.Aes), "0.00")} | {Text(arm.After(held => held.Reflections), "0.00")} " +
                $"| {Text(arm.After(held => held.Steps), "0.0")} | {Text(arm.After(held => held.TokensPerStep), "0.0")} | {Text(arm.Before(held => held.TrendLengthCorrelation), Signed)} " +
                $"| {Text(arm.Over(run => run.Steps), "0")} | {Text(arm.Over(run => run.Seconds / 60), "0.0")} |");
        }

        text.AppendLine();
        text.AppendLine("AES = (L0 − L)/L0 + 5·(A − A0)/A0, each run against its own start. r(R, length) is over right traces of the starting policy, within");
        text.AppendLine("the groups of a prompt: negative says that the trend pays for shorter chains, positive for longer ones. Minutes are wall clock, evaluations included.");
        text.AppendLine();
    }

    private static void WriteCategories(StringBuilder text, IReadOnlyList<ArmFigures> arms)
    {
        string[] categories = [.. arms.SelectMany(arm => arm.Runs).SelectMany(run => run.After?.ByCategory.Keys ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (categories.Length == 0)
            return;
        text.AppendLine("## By category");
        text.AppendLine();
        text.AppendLine("| arm | category | accuracy before → after | tokens a trace before → after | re-checks before → after | H₁ (nats) before → after | r(R, length) before |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        foreach (ArmFigures arm in arms)
        {
            foreach (string category in categories)
            {
                text.AppendLine(
                    $"| `{arm.Name}` | {category} | {Both(arm, held => held.Accuracy, "0.000", category)} | {Both(arm, held => held.Length, "0.0", category)} " +
                    $"| {Both(arm, held => held.Reflections, "0.00", category)} | {Both(arm, held => held.H1, "0.00", category)} | {Text(arm.Before(held => held.TrendLengthCorrelation, category), Signed)} |");
            }
        }

        text.AppendLine();
    }

    private static void WriteExploration(StringBuilder text, IReadOnlyList<ArmFigures> arms)
    {
        text.AppendLine("## What is kept of exploration");
        text.AppendLine();
        text.AppendLine("| arm | re-checks a trace before → after | steps a trace before → after | tokens a step before → after | ρ(step, H) before → after |");
        text.AppendLine("|---|---|---|---|---|");
        foreach (ArmFigures arm in arms)
        {
            text.AppendLine(
                $"| `{arm.Name}` | {Both(arm, held => held.Reflections, "0.00")} | {Both(arm, held => held.Steps, "0.0")} | {Both(arm, held => held.TokensPerStep, "0.0")} | {Both(arm, held => held.Spearman, Signed)} |");
        }

        text.AppendLine();
        text.AppendLine("Re-checks are words by which a trace doubts itself or checks again; ρ is Spearman's, of step number and step entropy. Steps are those of the");
        text.AppendLine("arm's own preset, which `reference` counts otherwise: its start differs for that alone.");
    }

    private static string Both(ArmFigures arm, Func<HeldOutFigures, double?> figure, string format, string? category = null) =>
        $"{Text(arm.Before(figure, category), format)} → {Text(arm.After(figure, category), format)}";

    // Percent of the start's length, each run against its own.
    private static double? LengthChange(CompareRun run) => run is { Before: { Length: > 0 } before, After: { } after } ? 100 * (after.Length / before.Length - 1) : null;
}
