using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Groups;
using static Microsoft.Playwright.Assertions;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class PromptViewTests(Chromium chromium)
{
    [Fact]
    public async Task A_token_tells_its_gap_under_the_pointer_and_to_the_keys()
    {
        await using var host = await DashboardHost.StartAsync();
        Script.Lively(host);
        var trace = host.Runs.Groups[40].Traces[0];
        host.Runs.Gaps[40] = new GroupGaps
        {
            State = GapState.Known,
            Traces = [new SlotGaps(0, 0, [.. trace.TokenTexts.Select((_, i) => i == 0 ? 0.125f : -2e-5f)])],
        };
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/prompts/17?round=40&trace=0");
        await Expect(page.Locator("dl.facts").Last).ToContainTextAsync("largest +0.1250 at token 1");

        await page.Locator(".tokens .t").First.HoverAsync();
        await Expect(page.Locator("#token-readout")).ToContainTextAsync("log-prob");
        await Expect(page.Locator("#token-readout")).ToContainTextAsync("sampler − learner: +0.1250 nats");
        await page.Locator(".tokens").FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(page.Locator("#token-readout")).ToContainTextAsync("token 2");
        await Expect(page.Locator("#token-readout")).ToContainTextAsync("sampler − learner: −2 · 10^−5 nats");

        // Alt and an arrow are the browser's: they move no cursor.
        await page.EvaluateAsync("() => document.querySelector('.tokens').dispatchEvent(new KeyboardEvent('keydown', { key: 'End', altKey: true, bubbles: true }))");
        await Expect(page.Locator(".tokens .t").Nth(1)).ToHaveClassAsync(new System.Text.RegularExpressions.Regex("\\bat\\b"));

        // Another trace of the same group did not pass through the model, and says so.
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/prompts/17?round=40&trace=1");
        await page.Locator(".tokens .t").First.HoverAsync();
        await Expect(page.Locator("#token-readout")).ToContainTextAsync("sampler − learner: none: the step did not pass this trace through the model");
    }

    [Fact]
    public async Task A_round_of_another_prompt_is_not_shown_under_this_one()
    {
        await using var host = await DashboardHost.StartAsync();
        Script.Lively(host);
        host.Runs.Groups[41] = Samples.Group(18, ordinal: 41);
        var page = await chromium.OpenAsync(host);

        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/prompts/17?round=41");

        await Expect(page.GetByText("That round is not of this prompt.")).ToBeVisibleAsync();
        await Expect(page.Locator(".tokens")).ToHaveCountAsync(0);
    }
}
