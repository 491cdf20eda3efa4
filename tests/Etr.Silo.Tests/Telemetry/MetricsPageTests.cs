using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using Etr.Grains.Diagnosis.Rules;
using Etr.Silo.RemoteSamplers;
using Microsoft.Extensions.DependencyInjection;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>docs/metrics.md, what a silo tells, and what deploy/ asks for are the same metrics.</summary>
[Collection(nameof(SmallRun))]
public sealed partial class MetricsPageTests(SmallRun run)
{
    [Fact]
    public void What_dashboards_and_rules_ask_for_is_listed()
    {
        Assert.True(MetricNames.Asked.Count > 10);
        Assert.Empty(MetricNames.Asked.Except(MetricNames.Listed.Select(metric => metric.Name)));
    }

    [Fact]
    public async Task What_is_listed_is_told_after_a_short_run_with_every_value_of_its_tags()
    {
        string page = await (await run.GetAsync()).Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        string[] series = [.. page.Split('\n').Where(line => line.StartsWith("etr_", StringComparison.Ordinal))];

        Assert.True(MetricNames.Listed.Count > 20);
        foreach ((string name, string tag, string[] values) in MetricNames.Listed)
        {
            string[] own = [.. series.Where(line => line[..line.IndexOfAny(['{', ' '])] == name)];
            Assert.True(own.Length > 0, $"{name} is not told");
            foreach (string value in values)
                Assert.True(own.Any(line => line.Contains($"{tag}=\"{value}\"", StringComparison.Ordinal)), $"{name} is not told for {tag} = {value}");
        }
    }

    [Fact]
    public async Task Gauges_of_a_run_are_told_of_the_one_that_runs_and_no_longer_of_the_one_that_has_ended()
    {
        SmallRun.Started started = await run.GetAsync();
        string page = await started.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        string[] length = [.. page.Split('\n').Where(line => line.StartsWith("etr_length{", StringComparison.Ordinal))];

        Assert.Contains($"run=\"{started.Lasting}\"", Assert.Single(length), StringComparison.Ordinal);
        Assert.DoesNotContain($"run=\"{started.Status.Run}\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_alert_on_stale_groups_says_is_what_the_finding_says() => Assert.Contains(
        Stale.TryDropped.Split(": ")[1].TrimEnd('.'), Repository.Read("deploy", "prometheus", "rules.yml"), StringComparison.Ordinal);

    [Fact]
    public void What_is_listed_of_servers_is_what_their_samplers_measure()
    {
        var told = new List<string>();
        using var listener = new MeterListener { InstrumentPublished = (instrument, _) => told.Add(instrument.Name.Replace('.', '_') + MetricNames.Suffix(instrument is Counter<long> ? "counter" : instrument is Histogram<double> ? "histogram" : "")) };
        using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        listener.Start();
        told.Clear();
        _ = new RemoteMetrics(services.GetRequiredService<IMeterFactory>());
        Assert.Superset(MetricNames.OfServers.Select(metric => metric.Name).ToHashSet(), told.ToHashSet());
        Assert.Equal(5, MetricNames.OfServers.Count);
    }

    [Fact]
    public async Task What_is_told_of_ours_is_listed()
    {
        string page = await (await run.GetAsync()).Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);

        // Servers draw for nobody here: theirs are told where other tests of this process have left them.
        Assert.Empty(Type().Matches(page).Select(match => match.Groups[1].Value).Where(name => !name.StartsWith("etr_remote_", StringComparison.Ordinal)).Except(MetricNames.Listed.Select(metric => MetricNames.FamilyOf(metric.Name))));
    }

    [GeneratedRegex("^# TYPE (etr_[a-z_]+) ", RegexOptions.Multiline)]
    private static partial Regex Type();
}
