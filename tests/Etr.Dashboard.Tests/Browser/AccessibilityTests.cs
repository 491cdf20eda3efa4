using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Etr.Dashboard.Tests.Hosting;
using Microsoft.Playwright;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class AccessibilityTests(Chromium chromium)
{
    private static readonly Dictionary<string, string> Pages = new()
    {
        [""] = ".tile .spark",
        ["/wall"] = ".wall-space canvas",
        ["/wall?view=table"] = "tbody tr",
        ["/prompts/17?against=7"] = ".beside .t",
        ["/training"] = ".plot canvas",
        ["/training?view=table&charts=accuracy"] = "tbody tr",
        ["/trend"] = ".plot canvas",
        ["/trend?view=table"] = "tbody tr",
        ["/cluster"] = ".gantt",
        ["/cluster?view=table"] = ".histogram",
        ["/faults"] = ".timeline",
        ["/compare?with=run-0&all=1"] = ".plot canvas",
        ["/compare?with=run-0&view=table"] = "tbody tr",
    };

    [Theory]
    [InlineData(ColorScheme.Light, false)]
    [InlineData(ColorScheme.Dark, false)]
    [InlineData(ColorScheme.Light, true)]
    public async Task Axe_finds_nothing_on_any_page(ColorScheme scheme, bool forced)
    {
        await using var host = await StartAsync();
        var page = await chromium.OpenAsync(host, scheme);
        if (forced)
            await page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.Active });
        // Tables have the same colours everywhere: once is enough.
        foreach (var path in Pages.Keys.Where(path => !path.Contains("view=table", StringComparison.Ordinal) || (scheme == ColorScheme.Light && !forced)))
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
        foreach (var path in Pages.Keys)
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
        foreach (var path in Pages.Keys)
            await ShowAsync(page, host, path);

        Assert.Empty(complaints);
    }

    private static async Task ShowAsync(IPage page, DashboardHost host, string path)
    {
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}{path}");
        await page.WaitForSelectorAsync(Pages[path]);
        await page.WaitForSelectorAsync(".vitals");
        if (path == "/wall")
            await page.WaitForFunctionAsync("() => window.etrWall && window.etrWall.state().cells > 0");
    }

    private static async Task<DashboardHost> StartAsync()
    {
        var host = await DashboardHost.StartAsync();
        Script.Lively(host);
        return host;
    }

    private static string Words(AxeResultItem violation) =>
        $"{violation.Id} ({violation.Help}): {string.Join(", ", violation.Nodes.Select(node => node.Html))}";
}
