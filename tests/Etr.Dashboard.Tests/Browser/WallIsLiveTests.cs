using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Feed;

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
}
