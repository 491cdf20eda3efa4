using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Feed;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class WallTrafficTests(Chromium chromium)
{
    private const int Prompts = 1024;
    private const int Rounds = 20;

    /// <summary>
    /// Every one of 1,024 prompts gets a step, twenty times over. Sending each event would take twenty times a thousand
    /// messages; a frame holds the cells in view only, and of each the step it has gone on by.
    /// </summary>
    [Fact]
    public async Task A_circuit_is_sent_the_cells_in_view_and_nothing_else()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        for (var prompt = 0; prompt < Prompts; prompt++)
        {
            host.Runs.Prompts[prompt] = Samples.Prompt(prompt);
            host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, prompt, value: 1));
        }

        var page = await chromium.OpenAsync(host);
        long bytes = 0;
        var messages = 0;
        page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) =>
        {
            Interlocked.Add(ref bytes, frame.Binary?.Length ?? frame.Text?.Length ?? 0);
            Interlocked.Increment(ref messages);
        };
        await page.OpenWallAsync(host.Address);
        await page.WaitForWallAsync($"wall.total === {Prompts} && wall.cells > 0");
        var (bytesBefore, messagesBefore) = (Interlocked.Read(ref bytes), messages);

        for (var step = 1; step <= Rounds; step++)
        {
            for (var prompt = 0; prompt < Prompts; prompt++)
                host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, prompt, step: step, value: 1.0 / step));
            await page.StepsAsync(0, step + 1);
        }

        var inView = await page.WallAsync<int>("cells");
        Assert.InRange(inView, 1, 200);
        var sent = Interlocked.Read(ref bytes) - bytesBefore;
        TestContext.Current.SendDiagnosticMessage($"{sent / Rounds} bytes and {(messages - messagesBefore) / (double)Rounds:0.0} messages a round, {inView} cells in view");
        Assert.InRange(sent, 1, Rounds * (inView * 12L + 4096));
    }

    [Fact]
    public async Task A_hidden_tab_is_sent_nothing_and_catches_up_when_it_is_seen_again()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 0, value: 1));
        var page = await chromium.OpenAsync(host);
        await page.OpenWallAsync(host.Address);
        await page.StepsAsync(0, 1);

        await HideAsync(page, true);
        var frames = await page.WallAsync<int>("frames");
        host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 0, step: 1, value: 0.5));
        host.Feed.Publish(Samples.Event(RolloutEventKind.GroupOpened, 1));
        // One that is seen tells when the server has heard of both.
        var other = await chromium.OpenAsync(host);
        await other.OpenWallAsync(host.Address);
        await Microsoft.Playwright.Assertions.Expect(other.Locator(".counts-line")).ToContainTextAsync("2 prompts seen");
        Assert.Equal(frames, await page.WallAsync<int>("frames"));

        await HideAsync(page, false);
        await page.StepsAsync(0, 2);
    }

    // Headless tabs are always seen: the page is told otherwise.
    private static async Task HideAsync(Microsoft.Playwright.IPage page, bool hidden) => await page.EvaluateAsync(
        """
        hidden => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event('visibilitychange'));
        }
        """,
        hidden);
}
