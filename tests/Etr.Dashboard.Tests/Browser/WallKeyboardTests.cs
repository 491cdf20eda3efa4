using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Feed;
using Microsoft.Playwright;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class WallKeyboardTests(Chromium chromium)
{
    private const int Prompts = 400;

    [Fact]
    public async Task Keys_move_over_the_whole_wall_and_scroll_it()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);
        var columns = await page.WallAsync<int>("columns");

        await page.Keyboard.PressAsync("ArrowRight");
        await page.WaitForWallAsync("wall.selected === 1");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.WaitForWallAsync($"wall.selected === {1 + columns}");
        await page.Keyboard.PressAsync("ArrowUp");
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.WaitForWallAsync("wall.selected === 0");
        await page.Keyboard.PressAsync("PageDown");
        await page.WaitForWallAsync($"wall.position >= 2 * {columns}");
        await page.Keyboard.PressAsync("End");
        await page.WaitForWallAsync($"wall.selected === {Prompts - 1}");
        await Assertions.Expect(page.Locator("#wall-cell")).ToContainTextAsync($"Prompt {Prompts - 1}:");
        await page.Keyboard.PressAsync("Home");
        await page.WaitForWallAsync("wall.selected === 0");
    }

    [Fact]
    public async Task P_pins_to_the_front_and_the_url_keeps_it()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);

        await page.Keyboard.PressAsync("End");
        await page.WaitForWallAsync($"wall.selected === {Prompts - 1}");
        await page.Keyboard.PressAsync("p");

        await Assertions.Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/wall?pin={Prompts - 1}");
        await page.Keyboard.PressAsync("Home");
        await page.WaitForWallAsync($"wall.selected === {Prompts - 1} && wall.position === 0");
    }

    [Fact]
    public async Task Space_holds_the_picture_still_until_it_is_pressed_again()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);

        await page.Keyboard.PressAsync("Space");
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Resume" })).ToHaveAttributeAsync("aria-pressed", "true");
        // The count below the toolbar is read each second: once it is newer than an event, a frame would have come. The first
        // time waits for a frame that was on its way when the picture was held.
        host.Feed.Publish(Samples.Event(RolloutEventKind.GroupOpened, Prompts));
        await Assertions.Expect(page.Locator(".counts-line")).ToContainTextAsync($"{Prompts + 1} prompts seen");
        var frames = await page.WallAsync<int>("frames");
        host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, 0, step: 1, value: 0.5));
        host.Feed.Publish(Samples.Event(RolloutEventKind.GroupOpened, Prompts + 1));
        await Assertions.Expect(page.Locator(".counts-line")).ToContainTextAsync($"{Prompts + 2} prompts seen");
        Assert.Equal(frames, await page.WallAsync<int>("frames"));

        await page.Keyboard.PressAsync("Space");
        await page.StepsAsync(0, 2);
    }

    [Fact]
    public async Task Slash_goes_to_the_filters_and_escape_comes_back()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);

        await page.Keyboard.PressAsync("/");
        await Assertions.Expect(page.GetByLabel("Sort")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator(".wall")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("?");
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.GetByRole(AriaRole.Dialog)).ToBeHiddenAsync();
        await Assertions.Expect(page.Locator(".wall")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task Enter_opens_the_selected_prompt()
    {
        await using var host = await StartAsync();
        host.Runs.Groups[40] = Samples.Group(1);
        var page = await OpenAsync(host);

        await page.Keyboard.PressAsync("ArrowRight");
        await page.WaitForWallAsync("wall.selected === 1");
        await page.Keyboard.PressAsync("Enter");

        await Assertions.Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/prompts/1");
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Prompt 1", Exact = true })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Filters_and_order_come_from_the_url_and_go_to_it()
    {
        await using var host = await StartAsync();
        host.Feed.Publish(Samples.Event(RolloutEventKind.GroupSealed, 33, value: 0));
        host.Feed.Publish(Samples.Event(RolloutEventKind.GroupSealed, 34, value: 1));
        var page = await chromium.OpenAsync(host);

        await page.OpenWallAsync(host.Address, "?verdict=wrong");
        await page.WaitForWallAsync("wall.total === 1");
        Assert.NotEqual("null", await page.EvaluateAsync<string>("() => JSON.stringify(window.etrWall.cell(33))"));
        await page.GetByLabel("Verdict").SelectOptionAsync("right");
        await Assertions.Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/wall?verdict=right");
        await page.WaitForFunctionAsync("() => window.etrWall.cell(34) !== null");
        await page.GetByLabel("Verdict").SelectOptionAsync("any");
        await page.WaitForWallAsync($"wall.total === {Prompts}");
    }

    [Fact]
    public async Task The_table_says_what_the_canvas_shows()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);

        await page.GetByRole(AriaRole.Button, new() { Name = "Table view" }).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/wall?view=table");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(50);
        await page.GetByRole(AriaRole.Button, new() { Name = "Next" }).PressAsync("Enter");
        await Assertions.Expect(page.Locator("tbody tr").First).ToContainTextAsync("50");
        await page.GetByRole(AriaRole.Button, new() { Name = "Table view" }).ClickAsync();
        await page.WaitForFunctionAsync("() => window.etrWall && window.etrWall.state().cells > 0");
    }

    private static async Task<DashboardHost> StartAsync()
    {
        var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        for (var prompt = 0; prompt < Prompts; prompt++)
        {
            host.Runs.Prompts[prompt] = Samples.Prompt(prompt);
            host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, prompt, value: 1));
        }

        return host;
    }

    private async Task<IPage> OpenAsync(DashboardHost host)
    {
        var page = await chromium.OpenAsync(host);
        await page.OpenWallAsync(host.Address);
        await page.WaitForWallAsync($"wall.total === {Prompts} && wall.cells > 0");
        await page.Locator(".wall").FocusAsync();
        await page.WaitForWallAsync("wall.selected === 0");
        return page;
    }
}
