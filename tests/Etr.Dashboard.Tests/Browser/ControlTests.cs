using Deque.AxeCore.Playwright;
using Etr.Dashboard.Access;
using Etr.Dashboard.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class ControlTests(Chromium chromium)
{
    private static readonly AccessOptions Keys = new() { OperatorKey = "correct-horse-battery", ViewerKey = "only-looking-around" };

    [Fact]
    public async Task An_operator_pauses_by_keyboard_and_stops_only_after_being_asked()
    {
        await using var host = await StartAsync(new AccessOptions());
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}");
        ILocator pause = page.GetByRole(AriaRole.Button, new() { Name = "Pause", Exact = true });
        await Expect(pause).ToBeVisibleAsync();
        await pause.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await host.Actions.WhenDoneAsync(1);

        await page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true }).ClickAsync();
        ILocator stop = page.GetByRole(AriaRole.Button, new() { Name = "Stop", Exact = true });
        ILocator yes = page.GetByRole(AriaRole.Button, new() { Name = "Stop it for good" });
        ILocator keep = page.GetByRole(AriaRole.Button, new() { Name = "Keep it" });
        await Expect(keep).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(yes).ToHaveCountAsync(0);
        await Expect(stop).ToBeFocusedAsync();

        await page.Keyboard.PressAsync("Enter");
        await Expect(keep).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(yes).ToHaveCountAsync(0);
        await Expect(stop).ToBeFocusedAsync();
        Assert.Single(host.Actions.Done);

        await page.Keyboard.PressAsync("Enter");
        await Expect(keep).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Shift+Tab");
        await Expect(yes).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await host.Actions.WhenDoneAsync(2);
        Assert.Equal([$"pause {Samples.Run}: paused from the dashboard by local", $"stop {Samples.Run}: stopped from the dashboard by local"], host.Actions.Done);
    }

    [Fact]
    public async Task An_operator_starts_a_run_from_a_configuration_and_is_led_to_it()
    {
        await using var host = await DashboardHost.StartAsync();
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync(host.Address);
        await page.GetByText("Start a run").ClickAsync();
        await page.GetByLabel("Configuration").FillAsync("{ \"Run\": { \"Stepps\": 3 } }");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await Expect(page.Locator(".start .bad")).ToContainTextAsync("Stepps");
        await page.GetByLabel("Configuration").FillAsync("{ \"Run\": { \"Steps\": 3 } }");
        await page.GetByRole(AriaRole.Button, new() { Name = "Start", Exact = true }).ClickAsync();
        await host.Actions.WhenDoneAsync(1);
        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/new-run");
    }

    [Fact]
    public async Task A_silo_is_drained_from_the_cluster_page_after_being_asked()
    {
        await using var host = await StartAsync(new AccessOptions());
        host.Runs.Silos = [new Etr.Grains.Silos.SiloStatusLine("box-1", Etr.Grains.Silos.SiloRoles.Sampler, "active", "", ["cpu"], "0.1.0")];
        host.Runs.Pool = Samples.Pool();
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/cluster");
        await page.GetByRole(AriaRole.Button, new() { Name = "Drain", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Drain box-1" }).ClickAsync();
        await host.Actions.WhenDoneAsync(1);
        Assert.Equal(["drain box-1: the dashboard asked for it, for local"], host.Actions.Done);
    }

    [Fact]
    public async Task A_viewer_signs_in_and_sees_nothing_to_act_with()
    {
        await using var host = await StartAsync(Keys);
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}");
        await page.GetByLabel("Access key").FillAsync(Keys.ViewerKey);
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".vitals")).ToContainTextAsync("running");
        Assert.EndsWith($"/runs/{Samples.Run}", page.Url, StringComparison.Ordinal);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Pause", Exact = true })).ToHaveCountAsync(0);
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task The_sign_in_is_for_everyone(ColorScheme scheme)
    {
        await using var host = await StartAsync(Keys);
        var page = await chromium.OpenAsync(host, scheme, width: 360, height: 740);
        await page.GotoAsync($"{host.Address}/sign-in");
        Assert.Empty((await page.RunAxe()).Violations);
        Assert.InRange(await page.EvaluateAsync<int>("() => document.scrollingElement.scrollWidth"), 1, 360);
    }

    private static async Task<DashboardHost> StartAsync(AccessOptions access)
    {
        DashboardHost host = await DashboardHost.StartAsync(access: access);
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        host.Runs.Steps = [Samples.Step(1), Samples.Step(2)];
        return host;
    }
}
