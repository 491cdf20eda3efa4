using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace Etr.Cluster.Tests.Dashboards;

/// <summary>Every view of a run that real processes train, by either hand and in every palette.</summary>
[Collection(nameof(LiveRuns))]
public sealed class LiveViewTests(LiveRun run)
{
    /// <summary>What is done on each view, and for axe its address and what it has drawn by then.</summary>
    private static readonly Dictionary<string, (Func<LivePage, Task> ByKeyboard, Func<LivePage, Task> ByMouse, string Path, string Drawn)> Views = new()
    {
        ["overview"] = (ByKeyboard.OverviewAsync, ByMouse.OverviewAsync, "", ".tile .spark"),
        ["wall"] = (ByKeyboard.WallAsync, ByMouse.WallAsync, "/wall", ".wall-space canvas"),
        ["prompt"] = (ByKeyboard.PromptAsync, ByMouse.PromptAsync, "/prompts/0", ".tokens .t"),
        ["training"] = (ByKeyboard.TrainingAsync, ByMouse.TrainingAsync, "/training", ".plot canvas"),
        ["trend"] = (ByKeyboard.TrendAsync, ByMouse.TrendAsync, "/trend", ".plot canvas"),
        ["cluster"] = (ByKeyboard.ClusterAsync, ByMouse.ClusterAsync, "/cluster", ".gantt"),
        ["faults"] = (ByKeyboard.FaultsAsync, ByMouse.FaultsAsync, "/faults", ".timeline"),
        ["runs"] = (ByKeyboard.RunsAsync, ByMouse.RunsAsync, "/compare?all=1", ".plot canvas"),
    };

    /// <summary>The views' names.</summary>
    public static TheoryData<string> Names => [.. Views.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_view_is_driven_by_keys_alone(string view)
    {
        await using LivePage page = await run.OpenAsync("", Hand.Keyboard);
        await Views[view].ByKeyboard(page);
        page.HasNothingToComplainOf();
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task A_view_is_driven_by_the_pointer(string view)
    {
        await using LivePage page = await run.OpenAsync("", Hand.Mouse);
        await Views[view].ByMouse(page);
        page.HasNothingToComplainOf();
    }

    [Theory]
    [InlineData(ColorScheme.Light, false)]
    [InlineData(ColorScheme.Dark, false)]
    [InlineData(ColorScheme.Light, true)]
    public async Task Axe_finds_nothing_on_any_view(ColorScheme scheme, bool forced)
    {
        await using LivePage page = await run.OpenAsync("", Hand.Mouse, scheme);
        if (forced)
            await page.Page.EmulateMediaAsync(new() { ForcedColors = ForcedColors.Active });
        var options = new AxeRunOptions { RunOnly = RunOnlyOptions.Tags("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice") };
        foreach ((_, _, string path, string drawn) in Views.Values)
        {
            await page.GoAsync(path);
            await page.Page.WaitForSelectorAsync(drawn);
            AxeResult result = await page.Page.RunAxe(options);
            Assert.True(result.Violations.Length == 0, $"{path}: {string.Join("; ", result.Violations.Select(Words))}");
        }

        page.HasNothingToComplainOf();
    }

    private static string Words(AxeResultItem violation) =>
        $"{violation.Id} ({violation.Help}): {string.Join(", ", violation.Nodes.Select(node => node.Html))}";
}
