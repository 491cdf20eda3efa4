using Etr.Dashboard.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class TrendViewTests(Chromium chromium)
{
    [Fact]
    public async Task Keys_walk_through_the_cloud_and_open_a_trace()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);
        await page.Locator("[data-stage]").First.FocusAsync();

        await page.Keyboard.PressAsync("End");
        await Expect(page.Locator(".picture .readout").First).ToContainTextAsync("46 tokens");
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Keyboard.PressAsync("Home");
        await Expect(page.Locator(".picture .readout").First).ToContainTextAsync("25 tokens");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Prompt", Exact = false }).First).ToBeVisibleAsync();
        Assert.Matches("/prompts/1[567]\\?round=(38|39|40)&trace=[04]$", page.Url);
    }

    [Fact]
    public async Task The_pointer_finds_a_trace_and_the_axis_can_be_the_rank_correlation()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);
        await page.GetByLabel("Trend as").SelectOptionAsync("rho");
        await page.WaitForFunctionAsync("() => window.etrScatter.state().byRank");
        Assert.EndsWith("/trend?y=rho", page.Url, StringComparison.Ordinal);

        var box = (await page.Locator(".picture canvas").First.BoundingBoxAsync())!;
        var place = await page.EvaluateAsync<float[]>("() => window.etrScatter.state().places[3]");
        await page.Mouse.MoveAsync(box.X + place[0] + 3, box.Y + place[1] - 3);

        await Expect(page.Locator(".picture .readout").First).ToContainTextAsync("nats · ρ");
    }

    [Fact]
    public async Task The_map_says_the_entropy_of_each_reasoning_step_at_each_training_step()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);
        await page.Locator(".picture [data-slider]").Nth(1).FocusAsync();

        await page.Keyboard.PressAsync("Home");
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("ArrowRight");

        var words = page.Locator(".picture .readout").Nth(1);
        await Expect(words).ToContainTextAsync("Training step 2, reasoning step 2:");
        var told = host.Runs.Steps[1].EntropyByStep[1];
        Assert.Equal(told, await page.EvaluateAsync<double>("() => window.etrHeat.state().value"), 3);
        await page.Keyboard.PressAsync("End");
        for (var i = 0; i < 14; i++)
            await page.Keyboard.PressAsync("ArrowUp");
        await Expect(words).ToContainTextAsync("no trace came this far");
    }

    [Fact]
    public async Task Every_picture_has_a_table()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);

        await page.GetByRole(AriaRole.Button, new() { Name = "Table view" }).PressAsync("Enter");

        await Expect(page.Locator("canvas")).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of the newest traces" }).Locator("tbody tr")).ToHaveCountAsync(24);
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of mean entropy" }).Locator("tbody tr")).ToHaveCountAsync(100);
    }

    private static async Task<DashboardHost> StartAsync()
    {
        var host = await DashboardHost.StartAsync();
        Script.Lively(host);
        return host;
    }

    private async Task<IPage> OpenAsync(DashboardHost host)
    {
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/trend");
        await page.WaitForFunctionAsync("() => window.etrScatter?.state().shown === 24 && window.etrHeat?.state().rows === 240");
        return page;
    }
}
