using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>A real Prometheus scrapes a silo: what docs/metrics.md lists is there, and each panel of the Grafana dashboard has data.</summary>
[Collection(nameof(SmallRun))]
public sealed class PrometheusTests(SmallRun run) : IAsyncLifetime
{
    private const string Program = "/usr/bin/prometheus";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-prometheus-").FullName;
    private Process? _prometheus;
    private readonly HttpClient _client = new();

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Program))
            return;
        SmallRun.Started started = await run.GetAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, "prometheus.yml"), $"""
            global: {"{"} scrape_interval: 1s, evaluation_interval: 1s {"}"}
            rule_files: ["{Repository.PathOf("deploy", "prometheus", "rules.yml")}"]
            scrape_configs:
              - job_name: etr
                authorization: {"{"} credentials: "{started.Secret}" {"}"}
                static_configs: [ {"{"} targets: ["{new Uri(started.Host.Url).Authority}"] {"}"} ]
            """);
        int port = FreePort();
        _client.BaseAddress = new Uri($"http://127.0.0.1:{port}");
        _prometheus = Process.Start(new ProcessStartInfo(
            Program, [$"--config.file={_folder}/prometheus.yml", $"--storage.tsdb.path={_folder}/data", $"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]));
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        if (_prometheus is { } prometheus)
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync();
            prometheus.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_metric_of_the_page_and_every_panel_of_the_dashboard_has_data_and_the_rules_load()
    {
        Assert.SkipUnless(File.Exists(Program), $"there is no {Program} (Debian package prometheus)");
        string[] queries = [.. MetricNames.Listed.Select(metric => metric.Name), .. MetricNames.PanelQueries.Select(panel => panel.Query)];

        string[] empty = await WithoutDataAsync(queries);

        Assert.Empty(empty);
        using JsonDocument rules = JsonDocument.Parse(await _client.GetStringAsync("/api/v1/rules", TestContext.Current.CancellationToken));
        JsonElement[] alerts = [.. rules.RootElement.GetProperty("data").GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray())];
        Assert.True(alerts.Length >= 6);
        Assert.All(alerts, alert => Assert.Equal("ok", alert.GetProperty("health").GetString()));
    }

    // Prometheus says nothing by itself: it is asked until all have data, which takes it two scrapes.
    private async Task<string[]> WithoutDataAsync(string[] queries)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        string[] left = queries;
        while (left.Length > 0)
        {
            var still = new List<string>();
            foreach (string query in left)
            {
                if (!await HasDataAsync(query))
                    still.Add(query);
            }

            left = [.. still];
            try
            {
                await timer.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                return left;
            }
        }

        return left;
    }

    private async Task<bool> HasDataAsync(string query)
    {
        try
        {
            using HttpResponseMessage answer = await _client.GetAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}", TestContext.Current.CancellationToken);
            if (answer.StatusCode == HttpStatusCode.BadRequest)
                Assert.Fail($"{query}: {await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
            if (!answer.IsSuccessStatusCode)
                return false;
            using JsonDocument found = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            return found.RootElement.GetProperty("data").GetProperty("result").GetArrayLength() > 0;
        }
        catch (HttpRequestException)
        {
            // It has not opened its port yet.
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return int.Parse(listener.LocalEndpoint.ToString()!.Split(':')[^1], CultureInfo.InvariantCulture);
    }
}
