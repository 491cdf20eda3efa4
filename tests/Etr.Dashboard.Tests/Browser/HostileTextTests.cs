using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class HostileTextTests(Chromium chromium)
{
    private const string Script = "<script>window.owned = 1</script><img src=x onerror='window.owned = 2'>";

    [Fact]
    public async Task Text_of_models_is_shown_and_never_run()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status() with { Reason = Script };
        host.Runs.Prompts[3] = Samples.Prompt(3, text: "\u202Ereversed\u202C \u0007 " + Script) with { Category = Script };
        host.Runs.Groups[40] = Samples.Group(3, texts: _ => [Script, "\"'><b>", "\u200B", "\u2066", "\0", "]]>", "\n\n", "end"]);
        var page = await chromium.OpenAsync(host);

        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/prompts/3");
        await page.WaitForSelectorAsync(".tokens .t");

        var shown = await page.Locator(".tokens .step-text").First.TextContentAsync();
        Assert.Equal(Script + "\"'><b>‹U+200B›‹U+2066›␀]]>⏎⏎", shown);
        Assert.StartsWith("‹U+202E›reversed‹U+202C› ␇", await page.Locator("pre.asked").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator(".tokens .t").First.HoverAsync();
        await page.WaitForFunctionAsync("() => document.querySelector('#token-readout').textContent.includes('<script>')");
        Assert.True(await page.EvaluateAsync<bool>("() => window.owned === undefined && document.querySelectorAll('.tokens img, .tokens b:not(.step-head b)').length === 0"));
    }
}
