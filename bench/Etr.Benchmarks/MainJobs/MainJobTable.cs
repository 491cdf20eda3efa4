using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Etr.Benchmarks.MainJobs;

/// <summary>Markdown tables of main-job summaries: a row a shaper, mean ± standard deviation over its seeds.</summary>
internal static class MainJobTable
{
    public static string Of(IReadOnlyList<string> shapers, IReadOnlyList<string> files)
    {
        JsonElement[] summaries = [.. files.Select(file => JsonDocument.Parse(File.ReadAllBytes(file)).RootElement)];
        var text = new StringBuilder();
        text.AppendLine("| shaper (estimator) | seeds | r(R, length) before | accuracy before → after | tokens before → after | AES | steps | minutes |");
        text.AppendLine("|---|---|---|---|---|---|---|---|");
        foreach (string shaper in shapers)
        {
            JsonElement[] runs = Runs(summaries, shaper);
            if (runs.Length == 0)
                continue;
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| `{shaper}` ({runs[0].GetProperty("estimator").GetString()}) | {runs.Length} | {Over(runs, "0.00", "before", "trendLengthCorrelation")} " +
                $"| {Over(runs, "0.000", "before", "accuracy")} → {Over(runs, "0.000", "after", "accuracy")} " +
                $"| {Over(runs, "0.0", "before", "length")} → {Over(runs, "0.0", "after", "length")} " +
                $"| {Over(runs, "0.00", "aes")} | {Over(runs, "0", "steps")} | {Spread([.. runs.Select(run => Number(run, "seconds") / 60)], "0.0")} |");
        }

        text.AppendLine();
        text.AppendLine("| shaper | style | r(R, length) before | accuracy before → after | tokens before → after | ρ(step, H) before → after | H₁ before → after |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        foreach (string shaper in shapers)
        {
            JsonElement[] runs = Runs(summaries, shaper);
            foreach (string style in runs.Length == 0 ? [] : Styles(runs[0]))
            {
                string Cell(string when, string figure, string format) => Over(runs, format, when, "byCategory", style, figure);
                text.AppendLine(CultureInfo.InvariantCulture,
                    $"| `{shaper}` | {style} | {Cell("before", "trendLengthCorrelation", "0.00")} " +
                    $"| {Cell("before", "accuracy", "0.000")} → {Cell("after", "accuracy", "0.000")} " +
                    $"| {Cell("before", "length", "0.0")} → {Cell("after", "length", "0.0")} " +
                    $"| {Cell("before", "spearman", "0.00")} → {Cell("after", "spearman", "0.00")} " +
                    $"| {Cell("before", "h1", "0.00")} → {Cell("after", "h1", "0.00")} |");
            }
        }

        return text.ToString();
    }

    private static JsonElement[] Runs(JsonElement[] summaries, string shaper) =>
        [.. summaries.Where(summary => summary.GetProperty("shaper").GetString() == shaper)];

    private static string[] Styles(JsonElement run) =>
        [.. run.GetProperty("before").GetProperty("byCategory").EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal)];

    private static string Over(JsonElement[] runs, string format, params string[] path) =>
        Spread([.. runs.Select(run => Number(run, path))], format);

    private static double Number(JsonElement element, params string[] path)
    {
        foreach (string name in path)
            element = element.GetProperty(name);
        return element.ValueKind == JsonValueKind.Number ? element.GetDouble() : double.NaN;
    }

    // Mean ± sample standard deviation of the values that are defined; the spread is left out where there is none.
    private static string Spread(double[] values, string format)
    {
        double[] defined = [.. values.Where(double.IsFinite)];
        if (defined.Length == 0)
            return "–";
        double mean = defined.Average();
        string text = mean.ToString(format, CultureInfo.InvariantCulture);
        if (defined.Length == 1)
            return text;
        double deviation = Math.Sqrt(defined.Sum(value => (value - mean) * (value - mean)) / (defined.Length - 1));
        string spread = deviation.ToString(format, CultureInfo.InvariantCulture);
        return double.Parse(spread, CultureInfo.InvariantCulture) == 0 ? text : $"{text} ± {spread}";
    }
}
