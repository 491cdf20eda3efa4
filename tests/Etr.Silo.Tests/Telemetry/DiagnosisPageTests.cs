using System.Globalization;
using System.Reflection;
using Etr.Core.Runs;
using Etr.Grains.Diagnosis;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>docs/diagnosis.md says what the program does.</summary>
public sealed class DiagnosisPageTests
{
    private static readonly string Page = Repository.Read("docs", "diagnosis.md");

    [Fact]
    public void The_page_lists_every_rule_in_order_with_its_level_and_when_it_is_looked_at() => Assert.Equal(
        RunDiagnosis.All.Select(rule => $"| `{rule.Name}` | {rule.Level.ToString().ToLowerInvariant()}, {(rule.IsLive ? "now" : "steps")} |"),
        Page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => string.Join('|', line.Split('|')[..3]) + "|"));

    [Fact]
    public void The_page_lists_every_threshold_with_its_default()
    {
        var defaults = new DiagnosisOptions();
        foreach (PropertyInfo option in typeof(DiagnosisOptions).GetProperties().Where(option => option.CanWrite))
        {
            string value = Convert.ToString(option.GetValue(defaults), CultureInfo.InvariantCulture)!.ToLowerInvariant();
            Assert.Contains($"`{option.Name}` {value}", Page, StringComparison.Ordinal);
        }
    }
}
