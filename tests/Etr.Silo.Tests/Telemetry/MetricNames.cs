using System.Text.Json;
using System.Text.RegularExpressions;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>The metrics that docs/metrics.md lists and those that deploy/ asks for, under the names that Prometheus gives.</summary>
internal static partial class MetricNames
{
    private const string Count = "_count";
    private const string Servers = "### Servers that draw";

    /// <summary>A row for each instrument: its name, and the values of its tags where the page lists them.</summary>
    public static IReadOnlyList<(string Name, string Tag, string[] Values)> Listed { get; } = Rows(page => page.Split(Servers)[0]);

    /// <summary>The instruments of silos whose groups are drawn by servers.</summary>
    public static IReadOnlyList<(string Name, string Tag, string[] Values)> OfServers { get; } = Rows(page => page.Split(Servers)[1]);

    private static List<(string Name, string Tag, string[] Values)> Rows(Func<string, string> part) =>
    [
        .. part(Repository.Read("docs", "metrics.md")).Split('\n').Where(line => line.StartsWith("| `etr.", StringComparison.Ordinal)).Select(line =>
        {
            string[] cells = line.Split('|', StringSplitOptions.TrimEntries);
            string name = cells[1].Trim('`').Replace('.', '_') + Suffix(cells[2]);
            Match tag = Tag().Match(cells[3]);
            string[] values = tag.Success && !tag.Groups[2].Value.Contains('/', StringComparison.Ordinal) ? tag.Groups[2].Value.Split(", ") : [];
            return (name, tag.Success ? tag.Groups[1].Value : "", values);
        }),
    ];

    /// <summary>The name that a metric's type is told under.</summary>
    public static string FamilyOf(string name) => name.EndsWith(Count, StringComparison.Ordinal) ? name[..^Count.Length] : name;

    /// <summary>What Prometheus' text adds to the name of an instrument: its kind, and a unit that is one of the standard's. A histogram's count stands for all of it.</summary>
    /// <param name="kind">As docs/metrics.md has it: kind, unit.</param>
    public static string Suffix(string kind) =>
        kind.StartsWith("counter", StringComparison.Ordinal) ? "_total" : kind == "histogram, seconds" ? $"_seconds{Count}" : kind.StartsWith("histogram", StringComparison.Ordinal) ? Count : "";

    /// <summary>The queries of the Grafana dashboard's panels, by panel, with the variables filled in.</summary>
    public static IReadOnlyList<(string Panel, string Query)> PanelQueries { get; } = Queries();

    /// <summary>Every name of ours in dashboards, rules and manifests.</summary>
    public static IReadOnlySet<string> Asked { get; } = new[]
    {
        Repository.Read("deploy", "grafana", "etr.json"), Repository.Read("deploy", "prometheus", "rules.yml"), Repository.Read("deploy", "prometheus", "rules.test.yml"),
        Repository.Read("deploy", "kubernetes", "base", "sampler.yaml"), Repository.Read("deploy", "kubernetes", "prometheus-adapter.yaml"),
    }.SelectMany(text => Name().Matches(text).Select(match => match.Value)).ToHashSet(StringComparer.Ordinal);

    private static List<(string, string)> Queries()
    {
        using var dashboard = JsonDocument.Parse(Repository.Read("deploy", "grafana", "etr.json"));
        var queries = new List<(string, string)>();
        foreach (JsonElement panel in dashboard.RootElement.GetProperty("panels").EnumerateArray().Where(panel => panel.TryGetProperty("targets", out _)))
        {
            foreach (JsonElement target in panel.GetProperty("targets").EnumerateArray())
            {
                string query = target.GetProperty("expr").GetString()!.Replace("$__rate_interval", "10s", StringComparison.Ordinal).Replace("$job", "etr", StringComparison.Ordinal);
                queries.Add((panel.GetProperty("title").GetString()!, query));
            }
        }

        return queries;
    }

    [GeneratedRegex("`([a-z_]+)` = (.+)$")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\betr_[a-z_]+")]
    private static partial Regex Name();
}
