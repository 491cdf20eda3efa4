using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Feed;
using Etr.Grains.Runs;
using static Microsoft.Playwright.Assertions;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class WallIsLiveTests(Chromium chromium)
{
    private const int Prompt = 7;

    [Fact]
    public async Task A_cell_changes_with_every_step_before_its_trace_ends()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        var page = await chromium.OpenAsync(host);
        await page.OpenWallAsync(host.Address);

        host.Feed.Publish(Samples.Event(RolloutEventKind.GroupOpened, Prompt));
        double[] entropies = [1.2, 0.8, 0.9, 0.4, 0.1];
        for (var step = 0; step < entropies.Length; step++)
        {
            host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, Prompt, step: step, value: entropies[step]));

            var shown = await page.StepsAsync(Prompt, step + 1);
            Assert.Equal(entropies[..(step + 1)], shown, (a, b) => Math.Abs(a - b) < 1e-3);
            Assert.True(await page.EvaluateAsync<bool>("p => window.etrWall.cell(p).live", Prompt));
        }

        host.Feed.Publish(Samples.Event(RolloutEventKind.TraceEnded, Prompt, value: 57));
        host.Feed.Publish(Samples.Event(RolloutEventKind.GroupSealed, Prompt, value: 0.875));
        await page.WaitForFunctionAsync("p => { const c = window.etrWall.cell(p); return !c.live && c.accuracy === 88 && c.tokens === 57; }", Prompt);
        Assert.Equal("falling", await page.EvaluateAsync<string>("p => window.etrWall.cell(p).trendWord", Prompt));
    }

    [Fact]
    public async Task A_wall_that_is_opened_on_an_ended_run_shows_what_it_trained_on()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status(RunState.Completed);
        host.Runs.Rounds = [.. Enumerable.Range(0, 3_000).Select(prompt => new RunRound
        {
            Step = 1 + prompt / 10,
            Ordinal = prompt,
            Prompt = prompt,
            Round = 0,
            PolicyVersion = 3,
            Accuracy = 0.875,
            Length = 57,
            Trend = -0.5,
            Slot = 0,
            ReasoningSteps = 3,
            TraceTrend = -0.7,
            StepEntropies = [1.2, 0.8, 0.4],
        })];
        var page = await chromium.OpenAsync(host);
        await page.OpenWallAsync(host.Address);

        Assert.Equal([1.2, 0.8, 0.4], await page.StepsAsync(Prompt, 3), (a, b) => Math.Abs(a - b) < 1e-3);
        Assert.True(await page.EvaluateAsync<bool>("p => { const c = window.etrWall.cell(p); return !c.live && c.accuracy === 88 && c.tokens === 57; }", Prompt));
        await Expect(page.Locator(".counts-line")).ToHaveTextAsync("3000 of 3000 prompts seen · 0 being drawn");
    }

    [Fact]
    public async Task A_wall_of_a_run_of_which_nothing_is_known_says_so()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        var page = await chromium.OpenAsync(host);
        await page.OpenWallAsync(host.Address);

        await Expect(page.Locator(".wall-empty")).ToContainTextAsync("Nothing has been trained on yet");
    }
}
