using Etr.Dashboard.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class TrainingViewTests(Chromium chromium)
{
    [Fact]
    public async Task Keys_move_one_crosshair_over_all_charts_and_zoom_them_together()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);
        await page.Locator("[data-crosshair]").FocusAsync();

        await page.Keyboard.PressAsync("Home");
        await WaitAsync(page, "charts.at === 1");
        await page.Keyboard.PressAsync("ArrowRight");
        await WaitAsync(page, "charts.at === 2");
        await Expect(page.Locator("[data-crosshair]")).ToHaveAttributeAsync("aria-valuenow", "2");
        await Expect(page.Locator("[data-crosshair]")).ToContainTextAsync("Step 2 · policy version 2");
        await Expect(page.Locator("[data-column=reward]")).ToHaveTextAsync(await page.EvaluateAsync<string>("() => window.etrCharts.row(2).reward.toFixed(4)"));
        await page.Keyboard.PressAsync("e");
        await Expect(page.Locator("[data-crosshair]")).ToContainTextAsync("evaluated: policy version 20, held-out accuracy 63.0 %");
        await page.Keyboard.PressAsync("+");
        await WaitAsync(page, "charts.zoom === '1-80'");
        Assert.True(await page.EvaluateAsync<bool>("() => window.etrCharts.state().ranges.every(([from, to]) => from === 1 && to === 80)"));
        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/training?zoom=1-80");
        await page.Keyboard.PressAsync("0");
        await Expect(page).ToHaveURLAsync($"{host.Address}/runs/{Samples.Run}/training");
        await WaitAsync(page, "charts.range[0] === 1 && charts.range[1] === 240");
    }

    [Fact]
    public async Task A_zoom_on_the_newest_steps_goes_along_with_the_run()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host, "?zoom=last:50");
        await WaitAsync(page, "charts.range[0] === 190 && charts.range[1] === 240");

        Commit(host, 241, 243);

        await WaitAsync(page, "charts.last === 243 && charts.ranges.every(([from, to]) => from === 193 && to === 243)");
        Assert.Equal("last:50", await page.EvaluateAsync<string>("() => window.etrCharts.state().zoom"));
        // Three rows and the one before them, not the whole run again.
        Assert.InRange(await page.EvaluateAsync<int>("() => window.etrCharts.state().frames"), 2, 4);
    }

    [Fact]
    public async Task Dragging_over_a_chart_zooms_every_chart_and_a_double_click_shows_all()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);
        var box = (await page.Locator("[data-chart=accuracy] .u-over").BoundingBoxAsync())!;

        await page.Mouse.MoveAsync(box.X + box.Width / 4, box.Y + 40);
        await WaitAsync(page, "charts.at > 50 && charts.at < 70");
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + box.Width / 2, box.Y + 60, new() { Steps = 4 });
        await page.Mouse.UpAsync();
        await WaitAsync(page, "charts.ranges.every(([from, to]) => from > 55 && from < 66 && to > 115 && to < 126)");
        await page.WaitForURLAsync(url => url.Contains("zoom=", StringComparison.Ordinal));

        await page.Mouse.DblClickAsync(box.X + box.Width / 2, box.Y + 40);
        await WaitAsync(page, "charts.zoom === ''");
        await page.Mouse.MoveAsync(5, 5);
        await WaitAsync(page, "charts.at === null");
    }

    [Fact]
    public async Task A_zoom_into_a_long_run_draws_every_step_of_it()
    {
        await using var host = await StartAsync();
        Commit(host, 241, 2_600);
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/training?charts=length,reward&zoom=1000-1100");

        // Two and two, but for the 102 steps of the stretches in view.
        await WaitAsync(page, "charts.rows === 1300 - 51 + 102");
        Assert.Equal(Samples.Lively(1_051).Length, await page.EvaluateAsync<double>("() => window.etrCharts.row(1051).length"), 1e-3);
        await page.Locator("[data-crosshair]").FocusAsync();
        await page.Keyboard.PressAsync("0");
        await WaitAsync(page, "charts.rows === 1300");
    }

    [Fact]
    public async Task An_address_says_zoom_smoothing_charts_and_moment()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host, "?zoom=100-200&smooth=20&charts=reward,kl&at=120");

        await WaitAsync(page, "charts.charts === 2 && charts.smooth === 20 && charts.at === 120 && charts.zoom === '100-200'");
        await Expect(page.Locator("[data-crosshair]")).ToContainTextAsync("fault: group 961");
        await page.GetByLabel("Smoothing").SelectOptionAsync("5");
        await WaitAsync(page, "charts.smooth === 5");
        await page.Locator(".chooser summary").PressAsync("Enter");
        await page.GetByRole(AriaRole.Checkbox, new() { Name = "Loss", Exact = true }).PressAsync("Space");
        await WaitAsync(page, "charts.charts === 3 && charts.rows === 240");
        await page.WaitForURLAsync(url => url.Contains("charts=reward,kl,loss", StringComparison.Ordinal) || url.Contains("charts=reward%2Ckl%2Closs", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_table_says_what_the_charts_show_and_the_picture_can_be_saved()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host, "?charts=accuracy");

        var saved = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Button, new() { Name = "Save PNG" }).ClickAsync());
        Assert.Equal("training.png", saved.SuggestedFilename);
        await page.GetByRole(AriaRole.Button, new() { Name = "Table view" }).PressAsync("Enter");
        await Expect(page.Locator("tbody tr")).ToHaveCountAsync(100);
        await Expect(page.Locator("tbody tr").First).ToContainTextAsync("240");
        var csv = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = "CSV" }).ClickAsync());
        Assert.Equal("run-1-steps.csv", csv.SuggestedFilename);
    }

    [Fact]
    public async Task Figures_that_hardly_move_or_are_not_finite_are_drawn_beside_the_others()
    {
        await using var host = await StartAsync();
        host.Runs.Steps = [.. host.Runs.Steps.Select(step => step with { Ratio = 1 + 1e-7 * (step.Step % 3), Loss = step.Step == 7 ? double.PositiveInfinity : 0.01 })];
        var page = await chromium.OpenAsync(host);
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/training?charts=ratio,loss,accuracy");

        await WaitAsync(page, "charts.rows === 240 && charts.events > 10 && charts.ranges.every(([from, to]) => from === 1 && to === 240)");
        Assert.Empty(errors);
    }

    [Fact]
    public async Task A_hidden_tab_is_sent_nothing_and_catches_up()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);
        await HideAsync(page, true);
        var frames = await page.EvaluateAsync<int>("() => window.etrCharts.state().frames");

        Commit(host, 241, 245);
        await Expect(page.Locator(".vitals")).ToContainTextAsync("245");
        await Expect(page.Locator(".vitals")).ToContainTextAsync("245 / 300");
        Assert.Equal(frames, await page.EvaluateAsync<int>("() => window.etrCharts.state().frames"));

        await HideAsync(page, false);
        await WaitAsync(page, "charts.last === 245");
    }

    internal static void Commit(DashboardHost host, int from, int to)
    {
        host.Runs.Steps = [.. host.Runs.Steps, .. Enumerable.Range(from, to - from + 1).Select(Samples.Lively)];
        host.Runs.Status = host.Runs.Status! with { Step = to };
    }

    private static async Task HideAsync(IPage page, bool hidden) => await page.EvaluateAsync(
        """
        hidden => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event('visibilitychange'));
        }
        """,
        hidden);

    private static Task<IJSHandle> WaitAsync(IPage page, string condition) =>
        page.WaitForFunctionAsync($"() => {{ const charts = window.etrCharts?.state(); return charts && ({condition}); }}");

    private static async Task<DashboardHost> StartAsync()
    {
        var host = await DashboardHost.StartAsync();
        Script.Lively(host);
        return host;
    }

    private async Task<IPage> OpenAsync(DashboardHost host, string query = "")
    {
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/training{query}");
        await WaitAsync(page, "charts.rows === 240 && charts.events > 10");
        return page;
    }
}
