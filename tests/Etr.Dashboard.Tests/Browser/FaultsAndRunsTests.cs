using Etr.Dashboard.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class FaultsAndRunsTests(Chromium chromium)
{
    [Fact]
    public async Task A_fault_leads_to_its_moment_in_training()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host, "/faults");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(5);

        await page.GetByRole(AriaRole.Link, new() { Name = "Step 120 in the training view" }).PressAsync("Enter");

        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/training?zoom=105-135&at=120");
        await page.WaitForFunctionAsync("() => window.etrCharts?.state().at === 120 && window.etrCharts.state().range[0] === 105");
    }

    [Fact]
    public async Task Faults_are_filtered_and_a_mark_can_be_clicked()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host, "/faults");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(5);
        await page.GetByLabel("Kind").SelectOptionAsync("guard");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(1);
        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/faults?kind=guard");

        await page.Locator("path.mark-guard").ClickAsync();

        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/training?zoom=165-195&at=180");
    }

    [Fact]
    public async Task Runs_are_laid_over_one_another_and_their_settings_compared()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host, "/compare");
        await page.WaitForFunctionAsync("() => window.etrCharts?.state().rows === 240");

        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Compare run-0" }).PressAsync("Space");

        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/compare?with=run-0");
        await page.WaitForFunctionAsync("() => window.etrCharts?.row(240)['1:length'] > window.etrCharts?.row(240)['0:length']");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of settings" })).ToContainTextAsync("Reward:Shaper");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "also settings that are equal" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of settings" })).ToContainTextAsync("Run:GroupSize");
        await page.GetByLabel("Sort").SelectOptionAsync("length");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of runs" }).Locator("tbody tr").First).ToContainTextAsync("run-1");
    }

    [Fact]
    public async Task Digits_open_the_views_and_can_be_switched_off()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host, "");
        await Expect(page.Locator(".vitals")).ToBeVisibleAsync();
        string[] views = ["", "/wall", "/training", "/trend", "/cluster", "/faults", "/compare"];
        for (var digit = views.Length; digit >= 1; digit--)
        {
            await page.Keyboard.PressAsync($"{digit}");
            await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}{views[digit - 1]}");
            await Expect(page.Locator("nav [aria-current=page]")).ToHaveAttributeAsync("data-digit", $"{digit}");
        }

        await page.Keyboard.PressAsync("?");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Keys of one character work" }).PressAsync("Space");
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("3");
        await page.Keyboard.PressAsync("?");
        await Expect(page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();
        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}");
    }

    [Fact]
    public async Task Two_rounds_of_a_prompt_lie_beside_one_another_and_their_lines_are_read_out()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host, "/prompts/17");
        await page.GetByLabel("Beside round 1").SelectOptionAsync("7");
        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/prompts/17?against=7");
        await Expect(page.Locator(".beside section")).ToHaveCountAsync(2);
        await Expect(page.Locator(".beside section").First).ToContainTextAsync("Policy version 0");

        var picture = page.GetByRole(AriaRole.Region, new() { Name = "Picture of the traces", Exact = true });
        await picture.FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await page.Keyboard.PressAsync("ArrowRight");
        await Expect(page.Locator("#trajectory-readout")).ToContainTextAsync("reasoning step 2 of");
        var box = (await picture.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + box.Width * 46 / 1080, box.Y + box.Height * 70 / 290);
        await Expect(page.Locator("#trajectory-readout")).ToContainTextAsync("reasoning step 1 of");
    }

    private static async Task<DashboardHost> StartAsync()
    {
        var host = await DashboardHost.StartAsync();
        Script.Lively(host);
        return host;
    }

    private async Task<IPage> OpenAsync(DashboardHost host, string path)
    {
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}{path}");
        return page;
    }
}
