using System.Net;
using System.Text.Json;
using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Tests.Runs;

public sealed class RunExportTests
{
    [Fact]
    public async Task A_run_longer_than_a_page_is_exported_whole()
    {
        await using var host = await StartAsync();

        var (status, csv, type) = await GetAsync(host, "csv");

        Assert.Equal((HttpStatusCode.OK, "text/csv"), (status, type));
        var lines = csv.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1 + 2_345, lines.Length);
        Assert.StartsWith("step,applied,accuracy,", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("reward[guarded],r_length[guarded],reward[paper],r_length[paper]", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("2345,1,", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Json_lines_have_the_names_of_the_table_and_null_where_it_is_empty()
    {
        await using var host = await StartAsync();

        var (_, text, type) = await GetAsync(host, "jsonl");

        Assert.Equal("application/jsonl", type);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2_345, lines.Length);
        var second = JsonSerializer.Deserialize<JsonElement>(lines[1]);
        Assert.Equal(2, second.GetProperty("step").GetInt32());
        Assert.Equal(0.75, second.GetProperty("held_out_accuracy").GetDouble());
        Assert.Equal("opening=warn", second.GetProperty("alarms").GetString());
        Assert.Equal(JsonValueKind.Null, JsonSerializer.Deserialize<JsonElement>(lines[2]).GetProperty("held_out_accuracy").ValueKind);
    }

    [Theory]
    [InlineData("=HYPERLINK(1)", "'=HYPERLINK(1)")]
    [InlineData("@SUM(1)", "'@SUM(1)")]
    [InlineData("-1 traces, +2", "\"'-1 traces, +2\"")]
    [InlineData("no room = no evaluation", "no room = no evaluation")]
    public async Task Words_are_no_formula_to_a_spreadsheet_and_numbers_keep_their_sign(string failure, string field)
    {
        await using var host = await StartAsync();
        host.Runs.Status = host.Runs.Status! with { Evaluations = [Samples.Evaluation(1, 0.5) with { Failure = failure }] };

        string line = (await GetAsync(host, "csv")).Text.Split('\n')[1];

        Assert.Contains($",-0.4,{field},", line, StringComparison.Ordinal);
        string json = (await GetAsync(host, "jsonl")).Text.Split('\n')[0];
        Assert.Equal(failure, JsonSerializer.Deserialize<JsonElement>(json).GetProperty("held_out_failure").GetString());
    }

    [Fact]
    public async Task A_run_that_never_was_is_not_found_and_one_that_does_not_answer_says_so()
    {
        await using var host = await StartAsync();
        host.Runs.Status = Samples.Status(RunState.Unknown);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(host, "csv")).Status);

        host.Runs.Status = null;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(host, "csv")).Status);
    }

    private static async Task<DashboardHost> StartAsync()
    {
        var host = await DashboardHost.StartAsync();
        host.Runs.Steps = [.. Enumerable.Range(1, 2_345).Select(step => Samples.Step(1) with { Step = step })];
        host.Runs.Status = Samples.Status(step: 2_345) with { Evaluations = [Samples.Evaluation(2, 0.75)], Alarms = [new RunAlarm("opening", 2, "warn", "")] };
        return host;
    }

    private static async Task<(HttpStatusCode Status, string Text, string? Type)> GetAsync(DashboardHost host, string format)
    {
        using var client = new HttpClient { BaseAddress = new Uri(host.Address) };
        using var answer = await client.GetAsync(new Uri($"/runs/{Samples.Run}/export/steps.{format}", UriKind.Relative), TestContext.Current.CancellationToken);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), answer.Content.Headers.ContentType?.MediaType);
    }
}
