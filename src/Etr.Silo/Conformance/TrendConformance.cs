using Etr.Core.Presets;
using Etr.Core.Rewards;
using Etr.Core.Statistics;
using Etr.Core.Trends;

namespace Etr.Silo.Conformance;

/// <summary>Step entropies → trend and reward, under each preset. A case has the columns it has; each is a check.</summary>
internal static class TrendConformance
{
    private const double Tolerance = 1e-9;
    private const string LambdaColumn = "_lambda_";

    /// <summary>Checks the cases of a file.</summary>
    /// <param name="path">A JSON list of cases.</param>
    /// <param name="presets">Which presets.</param>
    /// <param name="report">Receives the outcome.</param>
    public static void Run(string path, IReadOnlyList<EtrPreset> presets, ConformanceReport report)
    {
        foreach (ConformanceCase known in ConformanceFile.ReadList(path))
        {
            double[] steps = known.Numbers("step_entropy");
            var trace = new GradedTrace(known.Flag("correct"), steps, steps, steps.Length);
            foreach (EtrPreset preset in presets)
                Check(known, trace, preset, report);
        }
    }

    private static void Check(ConformanceCase known, GradedTrace trace, EtrPreset preset, ConformanceReport report)
    {
        string column = $"trend_{preset.Name}";
        if (known.Has(column))
        {
            double expected = known.Number(column);
            report.Close($"{known.Place}, {column}", expected, TraceStatistics.Of(trace, preset).Trend, Tolerance);
            report.Close($"{known.Place}, {column}, closed form", expected, EntropyTrend.Of(trace.StepsFor(preset), preset.Trend), Tolerance);
        }

        string prefix = $"reward_{preset.Name}";
        foreach (string name in known.Json.EnumerateObject().Select(member => member.Name).Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            EtrPreset weighted = Weighted(preset, name[prefix.Length..], known);
            report.Close($"{known.Place}, {name}", known.Number(name), RewardShapers.Create(preset.Name, weighted).Shape([trace], GroupIdentity.None)[0].Reward, Tolerance);
        }
    }

    // A column such as reward_paper_lambda_0.005 says which λ it was computed with.
    private static EtrPreset Weighted(EtrPreset preset, string suffix, ConformanceCase known)
    {
        if (suffix.Length == 0)
            return preset;
        return suffix.StartsWith(LambdaColumn, StringComparison.Ordinal)
            && double.TryParse(suffix[LambdaColumn.Length..], System.Globalization.CultureInfo.InvariantCulture, out double lambda)
            ? preset with { Lambda = lambda }
            : throw new Cli.CommandFailure($"{known.Place}: 'reward_{preset.Name}{suffix}' is not a column that is known");
    }
}
