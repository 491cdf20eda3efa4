using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Cluster.Tests.Dashboards;

/// <summary>Each view driven by the pointer alone, from the overview on.</summary>
internal static partial class ByMouse
{
    public static async Task OverviewAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.SeesNewStepsAsync();
        await live.Button("Pause").ClickAsync();
        await Expect(page.Locator(".health")).ToContainTextAsync("The run is paused");
        await live.Button("Resume").ClickAsync();
        await Expect(page.Locator(".vitals")).ToContainTextAsync("running");
        await live.SeesNewStepsAsync();
        await page.GetByText("Table of steps", new() { Exact = true }).ClickAsync();
        await Expect(live.Rows("Table of steps").Nth(3)).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Accuracy", Exact = true }).ClickAsync();
        await live.IsAtAsync("/training", "charts=accuracy");
        await live.UntilAsync("etrCharts", "state.charts === 1 && state.rows > 3");
    }

    public static async Task WallAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.FollowAsync("Entropy wall");
        await Wall.IsLiveAsync(live);
        ILocator canvas = page.Locator(".wall canvas");
        await canvas.HoverAsync(new() { Position = Wall.FirstCell });
        await Expect(page.Locator("#wall-readout")).ToContainTextAsync(CellWords());
        await canvas.ClickAsync(new() { Position = Wall.FirstCell, Modifiers = [KeyboardModifier.Shift] });
        await live.UntilAsync("location.search.includes('pin=')");

        await live.Button("❚❚ Pause").ClickAsync();
        await Wall.StandsStillAsync(live);
        await live.Button("▶ Resume").ClickAsync();
        await Wall.GoesOnAsync(live);

        await page.GetByLabel("Sort").SelectOptionAsync("longest");
        await live.IsAtAsync("/wall", "sort=longest");
        await page.GetByLabel("Verdict").SelectOptionAsync("right");
        await live.IsAtAsync("/wall", "sort=longest", "verdict=right");
        await live.Button("Table view").ClickAsync();
        await live.IsAtAsync("/wall", "sort=longest", "verdict=right", "view=table");
        await Wall.TableHasRightOnesAloneAsync(live);
    }

    public static async Task PromptAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.FollowAsync("Entropy wall");
        await Wall.IsLiveAsync(live);
        await page.Locator(".wall canvas").ClickAsync(new() { Position = Wall.FirstCell });
        string round = await Prompt.HasRoundsAsync(live);

        await live.FollowAsync(round);
        await Prompt.ShowsWhatWasPaidAsync(live, round);
        ILocator picture = page.Locator("svg[aria-labelledby^=trajectory]").First;
        await picture.ScrollIntoViewIfNeededAsync();
        float[] start = await picture.EvaluateAsync<float[]>(
            "svg => { const line = svg.querySelector('.chosen polyline'), place = line.getPointAtLength(0).matrixTransform(svg.getScreenCTM()); return [place.x, place.y]; }");
        await page.Mouse.MoveAsync(start[0] + 2, start[1] + 1);
        await Expect(page.Locator("#trajectory-readout")).ToContainTextAsync("reasoning step 1 of");
        await live.FollowAsync("Trace 2");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Trace 2", Exact = true })).ToBeVisibleAsync();
        await page.Locator(".tokens .t").Nth(3).HoverAsync();
        await Expect(page.Locator("#token-readout")).ToContainTextAsync("token 4 · entropy");
        await Prompt.Beside(live).SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await Prompt.LaysRoundsBesideOneAnotherAsync(live);
    }

    public static async Task TrainingAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.FollowAsync("Training");
        await Training.HasEventsAsync(live);
        ILocator plot = page.Locator("[data-chart=accuracy] .u-over");
        await plot.ScrollIntoViewIfNeededAsync();
        LocatorBoundingBoxResult box = (await plot.BoundingBoxAsync())!;
        await page.Mouse.MoveAsync(box.X + 2, box.Y + 40);
        await live.UntilAsync("etrCharts", "state.at >= 1 && state.at <= 1 + state.last / 20");
        await page.Mouse.DownAsync();
        await page.Mouse.MoveAsync(box.X + (box.Width * 0.6f), box.Y + 60, new() { Steps = 4 });
        await page.Mouse.UpAsync();
        await Training.IsZoomedAsync(live);
        await page.Mouse.DblClickAsync(box.X + (box.Width / 2), box.Y + 40);
        await Training.ShowsAllAsync(live);
        await live.Button("Zoom in").ClickAsync();
        await Training.IsZoomedAsync(live);
        await live.Button("All steps").ClickAsync();
        await Training.ShowsAllAsync(live);
        await live.Button("Live edge").ClickAsync();
        await Training.GoesAlongAsync(live);

        await page.GetByLabel("Smoothing").SelectOptionAsync("5");
        await live.UntilAsync("etrCharts", "state.smooth === 5");
        await live.Button("Table view").ClickAsync();
        await live.IsAtAsync("/training", "view=table", "smooth=5");
        await Expect(live.Rows("Table of the charts' figures").Nth(3)).ToBeVisibleAsync();
    }

    public static async Task TrendAsync(LivePage live)
    {
        IPage page = live.Page;
        ILocator words = page.Locator(".picture .readout");
        await live.FollowAsync("Trend and length");
        await Trend.HasTracesAsync(live);
        ILocator map = page.Locator(".picture canvas").Nth(1);
        await map.HoverAsync(new() { Position = new() { X = 52, Y = 250 } });
        await Expect(words.Nth(1)).ToContainTextAsync(MapWords());
        await page.GetByLabel("Trend as").SelectOptionAsync("rho");
        await live.UntilAsync("etrScatter", "state.byRank");
        await live.Button("Table view").ClickAsync();
        await Trend.HasTablesAsync(live);
        await live.Button("Table view").ClickAsync();
        await Trend.HasTracesAsync(live);

        // The cloud moves on while it is pointed at: whichever trace is there is opened.
        ILocator cloud = page.Locator(".picture canvas").First;
        await cloud.ScrollIntoViewIfNeededAsync();
        float[] place = await page.EvaluateAsync<float[]>("() => window.etrScatter.state().places[0]");
        await cloud.HoverAsync(new() { Position = new() { X = place[0], Y = place[1] } });
        await Expect(words.First).ToContainTextAsync(TraceWords());
        await page.Mouse.DownAsync();
        await page.Mouse.UpAsync();
        await Trend.LedToATraceAsync(live);
    }

    public static async Task ClusterAsync(LivePage live)
    {
        await live.FollowAsync("Cluster");
        string silo = await Cluster.HasSamplersAtWorkAsync(live);
        await live.SeesNewStepsAsync();
        await Cluster.Row(live, silo).GetByRole(AriaRole.Button, new() { Name = "Drain", Exact = true }).ClickAsync();
        await Expect(live.Button($"Drain {silo}")).ToBeVisibleAsync();
        await live.Button("Keep it").ClickAsync();
        await Expect(live.Button($"Drain {silo}")).ToHaveCountAsync(0);
        await live.Button("Table view").ClickAsync();
        await live.IsAtAsync("/cluster", "view=table");
        await Expect(live.Rows("Table of the last steps' times").Nth(3)).ToBeVisibleAsync();
    }

    public static async Task FaultsAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.FollowAsync("Faults");
        await Expect(live.Rows("Table of faults")).Not.ToHaveCountAsync(0);
        await page.GetByLabel("Kind").SelectOptionAsync("guard");
        await live.IsAtAsync("/faults", "kind=guard");
        // Of marks that lie over one another the last is on top.
        await page.Locator("path.mark-guard").Last.ClickAsync();
        await Faults.LedToTheirMomentAsync(live);
    }

    public static async Task RunsAsync(LivePage live)
    {
        string ended = live.Ended;
        IPage page = live.Page;
        await live.FollowAsync("Runs");
        await Expect(live.Rows("Table of runs")).ToHaveCountAsync(2);
        await page.GetByRole(AriaRole.Checkbox, new() { Name = $"Compare {ended}" }).ClickAsync();
        await Runs.LiesOverAsync(live, ended);
        IDownload csv = await page.RunAndWaitForDownloadAsync(() => page.GetByRole(AriaRole.Link, new() { Name = $"Steps of {ended} as CSV" }).ClickAsync());
        Assert.Equal(3, (await File.ReadAllLinesAsync(await csv.PathAsync())).Length);
        await page.GetByLabel("Sort").SelectOptionAsync("name");
        await live.IsAtAsync("/compare", $"with={ended}", "sort=name");
        await live.Rows("Table of runs").GetByRole(AriaRole.Link, new() { Name = ended, Exact = true }).ClickAsync();
        await Expect(page.Locator(".health")).ToContainTextAsync("The run has ended after 2 steps");
    }

    [GeneratedRegex(@"Prompt \d+: entropy (falling|flat|rising|no trend yet).* · policy version \d+")]
    private static partial Regex CellWords();

    [GeneratedRegex(@"Training step \d+, reasoning step \d+: \d")]
    private static partial Regex MapWords();

    [GeneratedRegex(@"Prompt \d+, trace \d: (right|wrong).* nats · ρ .* · \d+ tokens · step \d+")]
    private static partial Regex TraceWords();
}
