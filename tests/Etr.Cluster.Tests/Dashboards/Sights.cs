using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Cluster.Tests.Dashboards;

/// <summary>What the wall of a live run shows, however it is driven.</summary>
internal static partial class Wall
{
    private const string Cells = "[...Array(PROMPTS).keys()].map(prompt => window.etrWall.cell(prompt)).filter(cell => cell)";

    /// <summary>Inside of the first cell.</summary>
    public static Position FirstCell { get; } = new() { X = 40, Y = 40 };

    /// <summary>Every prompt has its cell, and in one of them entropies appear while it is drawn.</summary>
    public static async Task IsLiveAsync(LivePage live)
    {
        await live.IsAtAsync("/wall");
        await live.UntilAsync("etrWall", $"state.total === {LiveRun.Prompts}");
        await live.UntilAsync(Some("cell.live && cell.steps.length > 1 && cell.steps.every(entropy => entropy >= 0)"));
    }

    /// <summary>The picture is held while the run goes on.</summary>
    public static async Task StandsStillAsync(LivePage live)
    {
        await Expect(live.Button("▶ Resume")).ToHaveAttributeAsync("aria-pressed", "true");

        // A frame may have been under way when it was held; it is there before the next step is.
        await live.SeesNewStepsAsync();
        int frames = await FramesAsync(live);
        await live.SeesNewStepsAsync();
        Assert.Equal(frames, await FramesAsync(live));
    }

    /// <summary>New frames come.</summary>
    public static async Task GoesOnAsync(LivePage live)
    {
        await Expect(live.Button("❚❚ Pause")).ToHaveAttributeAsync("aria-pressed", "false");
        int frames = await FramesAsync(live);
        await live.UntilAsync("etrWall", $"state.frames > {frames + 1}");
    }

    /// <summary>The table has prompts, and those alone whose traces were all right.</summary>
    public static async Task TableHasRightOnesAloneAsync(LivePage live)
    {
        ILocator rows = live.Rows("Table of the wall");
        await Expect(rows.First).ToContainTextAsync("100.0 %");
        await Expect(rows.Filter(new() { HasNotTextRegex = AllRight() })).ToHaveCountAsync(0);
    }

    private static string Some(string condition) => $"{Cells.Replace("PROMPTS", $"{LiveRun.Prompts}", StringComparison.Ordinal)}.some(cell => {condition})";

    private static Task<int> FramesAsync(LivePage live) => live.Page.EvaluateAsync<int>("() => window.etrWall.state().frames");

    // Pinned ones are shown whatever the filter.
    [GeneratedRegex("100.0 %|pinned")]
    private static partial Regex AllRight();
}

/// <summary>What a prompt's page shows.</summary>
internal static partial class Prompt
{
    /// <summary>The round beside which another one is laid.</summary>
    public static ILocator Beside(LivePage live) => live.Page.GetByLabel("Beside round");

    /// <summary>Two rounds at least are there to choose from.</summary>
    /// <returns>The newest one's link.</returns>
    public static async Task<string> HasRoundsAsync(LivePage live)
    {
        await live.UntilAsync("/\\/prompts\\/\\d+$/.test(location.pathname)");
        await Expect(live.Rows("Table of rounds").Nth(1)).ToBeVisibleAsync();
        return await live.Rows("Table of rounds").First.GetByRole(AriaRole.Link).InnerTextAsync();
    }

    /// <summary>A round's traces are graded and trained on, with their rewards and text.</summary>
    public static async Task ShowsWhatWasPaidAsync(LivePage live, string round)
    {
        await Expect(live.Page.GetByRole(AriaRole.Heading, new() { Name = $"{round}: 4 traces", Exact = true })).ToBeVisibleAsync();
        await Expect(live.Page.Locator(".panel-head").First).ToContainTextAsync("trained on in step");
        await Expect(live.Rows("Table of traces")).ToHaveCountAsync(4);
        await Expect(live.Rows("Table of traces").First).ToContainTextAsync(Paid());
        await Expect(live.Page.Locator(".facts").Last).ToContainTextAsync("correctness");
        await Expect(live.Page.Locator(".tokens .t").Nth(3)).Not.ToBeEmptyAsync();
    }

    /// <summary>Two rounds of it lie beside one another.</summary>
    public static async Task LaysRoundsBesideOneAnotherAsync(LivePage live)
    {
        await live.UntilAsync("location.search.includes('against=')");
        await Expect(live.Page.Locator(".beside section")).ToHaveCountAsync(2);
        await Expect(live.Page.Locator(".beside section h3")).ToHaveTextAsync([Version(), Version()]);
    }

    [GeneratedRegex(@"^Policy version \d+ round \d+$")]
    private static partial Regex Version();

    [GeneratedRegex(@"(right|wrong)[\s\S]*[+−]\d\.\d{3}")]
    private static partial Regex Paid();
}

/// <summary>What the charts show.</summary>
internal static class Training
{
    /// <summary>Rows and the guard's alarm are there.</summary>
    public static async Task HasEventsAsync(LivePage live)
    {
        await live.IsAtAsync("/training");
        await live.UntilAsync("etrCharts", "state.rows > 4 && state.events > 0");
    }

    /// <summary>A figure as its chart's key has to say it.</summary>
    public static Task<string> FigureAsync(LivePage live, int step, string column) => live.Page.EvaluateAsync<string>(
        "async ([step, column]) => (await import('/assets/paint.js')).figure(window.etrCharts.row(step)[column])", new object[] { step, column });

    /// <summary>All charts show one part, which the address names.</summary>
    public static async Task IsZoomedAsync(LivePage live)
    {
        await live.UntilAsync("/zoom=\\d+-\\d+/.test(location.search)");
        await live.UntilAsync("etrCharts", "state.range[1] < state.last && state.ranges.every(([from, to]) => from === state.range[0] && to === state.range[1])");
    }

    /// <summary>All charts show all steps.</summary>
    public static async Task ShowsAllAsync(LivePage live)
    {
        await live.UntilAsync("!location.search.includes('zoom=')");
        await live.UntilAsync("etrCharts", "state.zoom === '' && state.ranges.every(([from, to]) => from === 1 && to === state.last)");
    }

    /// <summary>The charts go along with the run.</summary>
    public static async Task GoesAlongAsync(LivePage live)
    {
        await live.UntilAsync("/zoom=last:\\d+/.test(decodeURIComponent(location.search))");
        int last = await live.Page.EvaluateAsync<int>("() => window.etrCharts.state().last");
        await live.UntilAsync("etrCharts", $"state.last > {last} && state.ranges.every(([_, to]) => to === state.last)");
    }
}

/// <summary>What the view of trend and length shows.</summary>
internal static class Trend
{
    /// <summary>The cloud has traces, the map has steps.</summary>
    public static async Task HasTracesAsync(LivePage live)
    {
        await live.UntilAsync("etrScatter", "state.shown > 4");
        await live.UntilAsync("etrHeat", "state.rows > 3 && state.depth > 1");
    }

    /// <summary>The same in tables, and no picture beside them.</summary>
    public static async Task HasTablesAsync(LivePage live)
    {
        await Expect(live.Rows("Table of the newest traces").First).ToContainTextAsync("right");
        await Expect(live.Rows("Table of mean entropy by reasoning step").First).Not.ToBeEmptyAsync();
        await live.UntilAsync("!window.etrScatter && !window.etrHeat");
    }

    /// <summary>A trace of the cloud is open, with its text.</summary>
    public static async Task LedToATraceAsync(LivePage live)
    {
        await live.UntilAsync("/\\/prompts\\/\\d+$/.test(location.pathname) && /round=\\d+&trace=\\d+/.test(location.search)");
        await Expect(live.Page.Locator(".tokens .t").First).Not.ToBeEmptyAsync();
    }
}

/// <summary>What the cluster view shows.</summary>
internal static partial class Cluster
{
    /// <summary>The row of a silo, whose device is below it.</summary>
    public static ILocator Row(LivePage live, string silo) => live.Rows("Table of silos and devices").Filter(new() { Has = live.Page.GetByRole(AriaRole.Rowheader, new() { Name = silo, Exact = true }) });

    /// <summary>The row of a silo's device.</summary>
    public static ILocator Device(LivePage live, string silo) => live.Rows("Table of silos and devices").Filter(new() { HasText = $"of {silo}/" });

    /// <summary>All samplers draw, so many tokens a second each.</summary>
    /// <returns>The silo of one.</returns>
    public static async Task<string> HasSamplersAtWorkAsync(LivePage live)
    {
        await live.IsAtAsync("/cluster");
        foreach (string silo in live.Samplers)
        {
            await Expect(Row(live, silo)).ToContainTextAsync("● active");
            await Expect(Device(live, silo).Locator(".num").First).ToHaveTextAsync(Rate());
        }

        return live.Samplers[0];
    }

    [GeneratedRegex(@"^[1-9][\d,.]*$")]
    private static partial Regex Rate();
}

/// <summary>What the view of faults shows.</summary>
internal static class Faults
{
    /// <summary>The crosshair stands where the guard acted.</summary>
    public static async Task LedToTheirMomentAsync(LivePage live)
    {
        await live.UntilAsync("/zoom=\\d+-\\d+&at=\\d+/.test(location.search)");
        await live.UntilAsync("etrCharts", "state.at > 0 && state.range[0] <= state.at && state.at <= state.range[1]");
        await Expect(live.Page.Locator("[data-crosshair]")).ToContainTextAsync("guard: ");
    }
}

/// <summary>What the view of runs shows.</summary>
internal static class Runs
{
    /// <summary>The ended run's lines lie over this one's, and the settings in which the two differ are told.</summary>
    public static async Task LiesOverAsync(LivePage live, string ended)
    {
        await live.IsAtAsync("/compare", $"with={ended}");
        await live.UntilAsync("etrCharts", "state.rows > 3 && state.ranges.length === 6 && Number.isFinite(window.etrCharts.row(2)['0:length']) && Number.isFinite(window.etrCharts.row(2)['1:length'])");
        await Expect(live.Region("Table of settings")).ToContainTextAsync("Reward:Shaper");
        await Expect(live.Rows("Table of settings").Filter(new() { HasText = "Reward:Shaper" })).ToContainTextAsync("paperoutcome");
    }
}
