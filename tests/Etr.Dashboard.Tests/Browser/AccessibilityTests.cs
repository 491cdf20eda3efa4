using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Feed;
using Microsoft.Playwright;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class AccessibilityTests(Chromium chromium)
{
    private static readonly string[] Pages = ["", "/wall", "/wall?view=table", "/prompts/17"];

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Axe_finds_nothing_on_any_page(ColorScheme scheme)
    {
        await using var host = await StartAsync();
        var page = await chromium.OpenAsync(host, scheme);
        foreach (var path in Pages)
        {
            await ShowAsync(page, host, path);
            var options = new AxeRunOptions { RunOnly = RunOnlyOptions.Tags("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice") };
            var result = await page.RunAxe(options);
            Assert.True(result.Violations.Length == 0, $"{path}: {string.Join("; ", result.Violations.Select(Words))}");
        }
    }

    [Theory]
    [InlineData(360)]
    [InlineData(320)] // 1280 pixels at 400 %.
    public async Task Pages_reflow_without_scrolling_sideways(int width)
    {
        await using var host = await StartAsync();
        var page = await chromium.OpenAsync(host, width: width, height: 740);
        foreach (var path in Pages)
        {
            await ShowAsync(page, host, path);
            Assert.InRange(await page.EvaluateAsync<int>("() => document.scrollingElement.scrollWidth"), 1, width);
        }
    }

    [Fact]
    public async Task Pages_load_nothing_from_elsewhere_and_break_no_policy()
    {
        await using var host = await StartAsync();
        var page = await chromium.OpenAsync(host);
        var complaints = new List<string>();
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                complaints.Add(message.Text);
        };
        page.PageError += (_, error) => complaints.Add(error);
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(host.Address, StringComparison.Ordinal))
                complaints.Add(request.Url);
        };
        foreach (var path in Pages)
            await ShowAsync(page, host, path);

        Assert.Empty(complaints);
    }

    private static async Task ShowAsync(IPage page, DashboardHost host, string path)
    {
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}{path}");
        var content = path switch
        {
            "" => ".tile .spark",
            "/wall" => ".wall-space canvas",
            "/wall?view=table" => "tbody tr",
            _ => ".tokens .t",
        };
        await page.WaitForSelectorAsync(content);
        await page.WaitForSelectorAsync(".vitals");
        if (path == "/wall")
            await page.WaitForFunctionAsync("() => window.etrWall && window.etrWall.state().cells > 0");
    }

    private static async Task<DashboardHost> StartAsync()
    {
        var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        host.Runs.Steps = [.. Enumerable.Range(1, 12).Select(Samples.Step)];
        host.Runs.Pool = Samples.Pool();
        host.Runs.Groups[40] = Samples.Group(17);
        for (var prompt = 0; prompt < 60; prompt++)
        {
            host.Runs.Prompts[prompt] = Samples.Prompt(prompt);
            host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, prompt, value: 1));
        }

        return host;
    }

    private static string Words(AxeResultItem violation) =>
        $"{violation.Id} ({violation.Help}): {string.Join(", ", violation.Nodes.Select(node => node.Html))}";
}
