using System.Net;
using System.Text.Json;
using Etr.Core.Files;
using Etr.Core.Gaps;
using Etr.Grains.Diagnosis;
using Etr.Grains.Groups;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Etr.Grains.Tests.Runs.TensorBoard;
using Etr.Silo.Cli;
using Etr.Silo.Files;
using Etr.Silo.Silos;
using Microsoft.Extensions.Logging;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>What a real run tells: to a collector, to logs, to TensorBoard, to who asks for its status.</summary>
[Collection(nameof(SmallRun))]
public sealed class SmallRunTests(SmallRun run)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Spans_and_metrics_come_to_the_collector()
    {
        SmallRun.Started started = await run.GetAsync();

        Assert.True(await started.Collector.HasAsync("/v1/traces", Patience, "group.deal", "prompt.open", "group.open", "slot.lease", "group.seal", "learner.step", "learner.commit"));
        Assert.True(await started.Collector.HasAsync("/v1/metrics", TimeSpan.FromSeconds(90), "etr.learner.step"));
    }

    [Fact]
    public async Task Neither_prompts_nor_traces_are_in_the_log_at_information()
    {
        SmallRun.Started started = await run.GetAsync();
        string log = started.Logs.Text;

        Assert.Contains(started.Logs.Lines, line => line.Id.Name == "LogStep" && line.Level == LogLevel.Information);
        for (int prompt = 0; prompt < 12; prompt++)
        {
            PromptView view = await started.Host.Grains.GetGrain<IPromptGrain>(IPromptGrain.KeyOf(started.Status.Run, prompt)).GetViewAsync();
            Assert.DoesNotContain(view.Text, log, StringComparison.Ordinal);
        }

        for (long ordinal = 0; ordinal < 12; ordinal++)
        {
            GroupView group = await started.Host.Grains.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(started.Status.Run, ordinal)).GetViewAsync();
            Assert.All(group.Traces.Select(trace => string.Concat(trace.TokenTexts)).Where(text => text.Length > 12), text => Assert.DoesNotContain(text, log, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task The_gap_of_each_token_is_handed_out_by_hash_and_told_by_its_group()
    {
        SmallRun.Started started = await run.GetAsync();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        StepSummary step = (await started.Host.Grains.GetGrain<IRunGrain>(started.Status.Run).GetStepAsync(2))!;

        byte[] bytes = await started.Client.GetByteArrayAsync(FileEndpoints.GapsPath(started.Status.Run, step.GapsSha256), cancellation);
        Assert.Equal(step.GapsSha256, DurableFile.Sha256(bytes));
        StepGaps gaps = StepGapsCodec.Read(bytes);
        double[] sizes = [.. gaps.Traces.SelectMany(trace => trace.Values).Select(gap => Math.Abs((double)gap))];
        // One update, so that the step's mean is over the same tokens: to eleven bits of each.
        Assert.Equal(step.SamplerGap, sizes.Average(), Math.Max(step.SamplerGap / 2048, 3e-8));
        Assert.True(sizes.Max() > 0);

        foreach (string other in (string[])[new string('0', 64), "..%2F..%2Fsteps%2F1.json", step.GapsSha256.ToUpperInvariant()])
        {
            using HttpResponseMessage refused = await started.Client.GetAsync(FileEndpoints.GapsPath(started.Status.Run, other), cancellation);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
        }

        foreach (long ordinal in step.Ordinals)
        {
            GroupGaps told = await started.Host.Grains.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(started.Status.Run, ordinal)).GetGapsAsync();
            Assert.Equal(GapState.Known, told.State);
            Assert.Equal(
                gaps.Traces.Where(trace => trace.Ordinal == ordinal).Select(trace => (trace.Slot, string.Join(' ', trace.Values.Select(gap => (float)gap)))),
                told.Traces.Select(trace => (trace.Slot, string.Join(' ', trace.Gaps))));
        }
    }

    [Fact]
    public async Task TensorBoard_s_file_has_every_step_once()
    {
        SmallRun.Started started = await run.GetAsync();

        List<EventsReader.Event> events = EventsReader.Read(Directory.GetFiles(started.RunDirectory, "events.out.tfevents.*").Single());
        Assert.Equal([0L, 1, 2, 3], events.Select(found => found.Step));
        Assert.Equal((float)started.Status.LastStep!.Length, events[^1].Scalars["traces/length"]);
    }

    [Fact]
    public async Task The_status_says_what_was_found_in_words_and_as_json()
    {
        SmallRun.Started started = await run.GetAsync();
        RunFinding finding = started.Status.Findings.Single(found => found.Rule == "learner-idle");

        // Not by a client of this process: one that is closed takes some of the silo's own Orleans metrics with it.
        var status = new ClusterStatus(
            started.Status, await started.Host.Grains.GetGrain<IClusterGrain>(0).GetSilosAsync(), await started.Host.Grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync(), DateTimeOffset.UnixEpoch);
        using var text = new StringWriter();
        StatusText.Write(status, new Terminal(text, TextWriter.Null, interactive: false));

        Assert.Contains($"notice   learner-idle: {finding.Words}", text.ToString(), StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(StatusJson.Write(status));
        Assert.Equal(started.Status.Health, json.RootElement.GetProperty("health").GetString());
        JsonElement told = json.RootElement.GetProperty("findings").EnumerateArray().Single(one => one.GetProperty("rule").GetString() == "learner-idle");
        Assert.Equal((1, "notice"), (told.GetProperty("sinceStep").GetInt32(), told.GetProperty("level").GetString()));
    }

    [Fact]
    public async Task The_dashboard_links_to_orleans_own() => Assert.Contains(
        "<a href=\"/orleans/\" target=\"_blank\"", await (await run.GetAsync()).Client.GetStringAsync("/", TestContext.Current.CancellationToken), StringComparison.Ordinal);

    [Theory]
    [InlineData("/orleans/")]
    [InlineData("/metrics")]
    public async Task Operators_pages_ask_for_the_secret(string path)
    {
        SmallRun.Started started = await run.GetAsync();
        using var stranger = new HttpClient { BaseAddress = new Uri(started.Host.Url) };

        using HttpResponseMessage refused = await stranger.GetAsync(path, TestContext.Current.CancellationToken);
        using HttpResponseMessage served = await started.Client.GetAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);
        Assert.NotEmpty(await served.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
