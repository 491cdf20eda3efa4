using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Cluster.Tests.Dashboards;

/// <summary>Each view driven by keys alone, from the overview on, as docs/dashboard.md tells of them.</summary>
internal static partial class ByKeyboard
{
    public static async Task OverviewAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.PressAsync("5");
        await live.IsAtAsync("/cluster");
        await live.PressAsync("1");
        await live.IsAtAsync("");
        await live.SeesNewStepsAsync();
        await Expect(page.Locator(".tile").Filter(new() { HasText = "Accuracy" }).Locator(".figure")).ToHaveTextAsync(Share());
        await Expect(page.Locator(".tile .spark")).Not.ToHaveCountAsync(0);

        await live.TabToAsync(page.GetByText("Table of steps", new() { Exact = true }), "Enter");
        await Expect(live.Rows("Table of steps").First).ToContainTextAsync(Share());
        await live.TabToAsync(page.GetByRole(AriaRole.Link, new() { Name = "Chain length", Exact = true }), "Enter");
        await live.IsAtAsync("/training", "charts=length");
        await live.UntilAsync("etrCharts", "state.charts === 1 && state.rows > 3");
    }

    public static async Task WallAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.PressAsync("2");
        await Wall.IsLiveAsync(live);
        await live.PressAsync("Escape", "Home");
        await live.UntilAsync("etrWall", "state.position === 0 && state.selected !== null");
        await live.PressAsync("End");
        await live.UntilAsync("etrWall", $"state.position === {LiveRun.Prompts - 1} && state.selected !== null");
        await Expect(page.Locator("#wall-cell")).ToContainTextAsync(CellWords());
        int selected = await page.EvaluateAsync<int>("() => window.etrWall.state().selected");
        await live.PressAsync("p");
        await live.IsAtAsync("/wall", $"pin={selected}");
        await live.UntilAsync("etrWall", $"state.selected === {selected} && state.position === 0");

        await live.PressAsync("Space");
        await Wall.StandsStillAsync(live);
        await live.PressAsync("Space");
        await Wall.GoesOnAsync(live);

        await live.PressAsync("/", "ArrowDown");
        await live.IsAtAsync("/wall", "sort=live");
        await live.TabToAsync(page.GetByLabel("Verdict"), "ArrowDown");
        await live.IsAtAsync("/wall", "verdict=right");
        await live.TabToAsync(live.Button("Table view"), "Enter");
        await live.IsAtAsync("/wall", "verdict=right", "view=table");
        await Wall.TableHasRightOnesAloneAsync(live);
    }

    public static async Task PromptAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.PressAsync("2");
        await Wall.IsLiveAsync(live);
        await live.PressAsync("Escape", "End", "Home");
        await live.UntilAsync("etrWall", "state.position === 0 && state.selected !== null");
        await live.PressAsync("Enter");
        string round = await Prompt.HasRoundsAsync(live);

        await live.TabToAsync(page.GetByRole(AriaRole.Link, new() { Name = round, Exact = true }), "Enter");
        await Prompt.ShowsWhatWasPaidAsync(live, round);
        await live.PressAsync("Escape");
        await Expect(live.Region("Picture of the traces")).ToBeFocusedAsync();
        await live.PressAsync("Home", "ArrowRight");
        await Expect(page.Locator("#trajectory-readout")).ToContainTextAsync(StepWords());
        await live.TabToAsync(page.GetByRole(AriaRole.Link, new() { Name = "Trace 2", Exact = true }), "Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Trace 2", Exact = true })).ToBeVisibleAsync();
        await live.TabToAsync(page.Locator(".tokens"), "Home", "ArrowRight");
        await Expect(page.Locator("#token-readout")).ToContainTextAsync("token 2 · entropy");
        await live.TabToAsync(Prompt.Beside(live), "ArrowDown");
        await Prompt.LaysRoundsBesideOneAnotherAsync(live);
    }

    public static async Task TrainingAsync(LivePage live)
    {
        IPage page = live.Page;
        ILocator crosshair = page.Locator("[data-crosshair]");
        await live.PressAsync("3");
        await Training.HasEventsAsync(live);
        await live.PressAsync("Escape", "Home", "ArrowRight");
        await live.UntilAsync("etrCharts", "state.at === 2");
        await Expect(crosshair).ToContainTextAsync("Step 2 · policy version 2");
        await Expect(page.Locator("[data-column=accuracy]").First).ToHaveTextAsync(await Training.FigureAsync(live, 2, "accuracy"));
        await live.PressAsync("Home", "e");
        await Expect(crosshair).ToContainTextAsync(EventWords());

        await live.PressAsync("+");
        await Training.IsZoomedAsync(live);
        await live.PressAsync("0");
        await Training.ShowsAllAsync(live);
        await live.PressAsync("End", "l");
        await Training.GoesAlongAsync(live);

        await live.PressAsync("/", "ArrowDown");
        await live.UntilAsync("etrCharts", "state.smooth === 5");
        await live.TabToAsync(live.Button("Table view"), "Enter");
        await live.IsAtAsync("/training", "view=table", "smooth=5");
        await Expect(live.Rows("Table of the charts' figures").First).ToContainTextAsync(Share());
    }

    public static async Task TrendAsync(LivePage live)
    {
        IPage page = live.Page;
        ILocator words = page.Locator(".picture .readout");
        await live.PressAsync("4");
        await Trend.HasTracesAsync(live);
        await live.TabToAsync(page.Locator(".picture [data-slider]").Nth(1), "Home", "ArrowUp");
        await Expect(words.Nth(1)).ToContainTextAsync(MapWords());
        await live.PressAsync("/", "ArrowDown");
        await live.IsAtAsync("/trend", "y=rho");
        await live.UntilAsync("etrScatter", "state.byRank");
        await live.TabToAsync(live.Button("Table view"), "Enter");
        await Trend.HasTablesAsync(live);
        await live.PressAsync("Enter");
        await Trend.HasTracesAsync(live);

        await live.PressAsync("Escape", "End");
        await Expect(words.First).ToContainTextAsync(TraceWords());
        await live.PressAsync("Enter");
        await Trend.LedToATraceAsync(live);
    }

    public static async Task ClusterAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.PressAsync("5");
        string silo = await Cluster.HasSamplersAtWorkAsync(live);
        await live.SeesNewStepsAsync();
        await live.TabToAsync(Cluster.Row(live, silo).GetByRole(AriaRole.Button, new() { Name = "Drain", Exact = true }), "Enter");

        // A second press of the same key keeps it.
        await Expect(live.Button("Keep it")).ToBeFocusedAsync();
        await Expect(live.Button($"Drain {silo}")).ToBeVisibleAsync();
        await live.PressAsync("Enter");
        await Expect(live.Button($"Drain {silo}")).ToHaveCountAsync(0);
        await live.PressAsync("/", "Enter");
        await live.IsAtAsync("/cluster", "view=table");
        await Expect(live.Rows("Table of the last steps' times").Nth(3)).ToContainTextAsync(Share());
    }

    public static async Task FaultsAsync(LivePage live)
    {
        IPage page = live.Page;
        await live.PressAsync("6");
        await Expect(live.Rows("Table of faults")).Not.ToHaveCountAsync(0);
        await live.PressAsync("/", "ArrowDown", "ArrowDown");
        await live.IsAtAsync("/faults", "kind=guard");
        await live.TabToAsync(page.GetByLabel("Text contains"), [.. "LENGTHENING".Select(letter => letter.ToString()), "Enter"]);
        await live.IsAtAsync("/faults", "kind=guard", "find=LENGTHENING");
        await Expect(live.Rows("Table of faults")).ToHaveCountAsync(1);
        await Expect(live.Rows("Table of faults")).ToContainTextAsync("lengthening (warn)");
        await live.TabToAsync(page.GetByRole(AriaRole.Link, new() { NameRegex = MomentName() }), "Enter");
        await Faults.LedToTheirMomentAsync(live);
    }

    public static async Task RunsAsync(LivePage live)
    {
        string ended = live.Ended;
        IPage page = live.Page;
        await live.PressAsync("7");
        await Expect(live.Rows("Table of runs")).ToHaveCountAsync(2);
        await live.TabToAsync(page.GetByRole(AriaRole.Checkbox, new() { Name = $"Compare {ended}" }), "Space");
        await Runs.LiesOverAsync(live, ended);
        await live.PressAsync("/", "ArrowDown");
        await live.IsAtAsync("/compare", $"with={ended}", "sort=name");
        await live.TabToAsync(page.GetByLabel("Name contains"), [.. "paper".Select(letter => letter.ToString()), "Enter"]);
        await Expect(live.Rows("Table of runs")).ToHaveCountAsync(1);
        await live.TabToAsync(live.Button("Table view"), "Enter");
        await Expect(live.Rows("Table of the charts' figures").Filter(new() { HasText = ended }).Last).ToContainTextAsync(Share());
    }

    [GeneratedRegex(@"\d %")]
    private static partial Regex Share();

    [GeneratedRegex(@"Prompt \d+: entropy (falling|flat|rising|no trend yet).* nats · .* · policy version \d+")]
    private static partial Regex CellWords();

    [GeneratedRegex("(guard|fault): ")]
    private static partial Regex EventWords();

    [GeneratedRegex(@"Trace \d, (right|wrong).* · reasoning step 2 of \d+ · entropy \d")]
    private static partial Regex StepWords();

    [GeneratedRegex(@"Training step 1, reasoning step 2: \d.* nats on average")]
    private static partial Regex MapWords();

    [GeneratedRegex(@"Prompt \d+, trace \d: (right|wrong).* nats · ρ .* · \d+ tokens · step \d+")]
    private static partial Regex TraceWords();

    [GeneratedRegex(@"Step \d+ in the training view")]
    private static partial Regex MomentName();
}
