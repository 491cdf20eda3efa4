using System.Globalization;
using Etr.Benchmarks.Clusters;

namespace Etr.Benchmarks.Dashboard;

/// <summary>
/// How soon pages show something: a run of 10,000 prompts and 1,000 steps is in the archive, its silo has just been started again and
/// goes on drawing. A page's time is from the click on its address: first paint as the browser tells it; meaningful, its first figure of the
/// run, its curves or its cells; live, the first change of a cell, on the wall of what is being drawn: of 10,000 prompts few are, and
/// the first screen may have none of them.
/// </summary>
internal static class PaintPart
{
    private const int Steps = 1000;
    private const string Watch =
        """
        const first = {}, seen = name => { first[name] ??= performance.now(); };
        window.etrFirst = first;
        const look = () => {
          const figure = document.querySelector('.tile .figure');
          if (figure && /[0-9]/.test(figure.textContent)) seen('figure');
          if (window.etrCharts?.state().rows > 0) seen('charts');
          const wall = window.etrWall?.state();
          if (wall && wall.cells > 0) { first.cells ??= performance.now(); first.frames ??= wall.frames; }
          if (wall && wall.cells > 0 && wall.frames > first.frames) seen('live');
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
        """;

    public static async Task RunAsync(Browser browser, Arguments arguments)
    {
        int times = arguments.Number("--times", 7);
        string kept = arguments.Text("--data", "");
        string directory = kept.Length > 0 ? kept : Directory.CreateTempSubdirectory("etr-bench-").FullName;
        try
        {
            using (ChildServer filler = await ChildServer.StartAsync("dashboard-silo", "--data", directory, "--until", Steps.ToString(CultureInfo.InvariantCulture), "--tokens", "60"))
                Console.WriteLine($"a run of 10,000 prompts at step {filler.Ready[2]}: {Size(directory):F0} MiB of archive");
            using ChildServer silo = await ChildServer.StartAsync("dashboard-silo", "--data", directory, "--pace", "20", "--tokens", "60");
            string run = $"{silo.Ready[0]}/runs/{silo.Ready[1]}";
            Console.WriteLine("page | first paint: first visit / median of the next | meaningful | live | cells in the wall");
            await VisitAsync(browser, "wall", $"{run}/wall", "cells", times);
            await VisitAsync(browser, "wall, being drawn", $"{run}/wall?sort=live", "live", times);
            await VisitAsync(browser, "overview", run, "figure", times);
            await VisitAsync(browser, "training", $"{run}/training", "charts", times);
        }
        finally
        {
            if (kept.Length == 0)
                Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task VisitAsync(Browser browser, string page, string address, string wanted, int times)
    {
        List<double> paints = [], figures = [], lives = [];
        int total = 0;
        for (int i = 0; i <= times; i++)
        {
            await using WatchedPage watched = await browser.PageAsync(script: Watch);
            await watched.Page.GotoAsync(address);
            await watched.Page.WaitForFunctionAsync($"() => window.etrFirst.{wanted}");
            paints.Add(await watched.Page.EvaluateAsync<double>("() => performance.getEntriesByName('first-contentful-paint')[0].startTime"));
            figures.Add(await FirstAsync(watched, wanted == "live" ? "cells" : wanted));
            if (wanted == "live")
                lives.Add(await FirstAsync(watched, wanted));
            if (wanted is "live" or "cells")
                total = (await watched.WallAsync()).GetProperty("total").GetInt32();
        }

        Console.WriteLine($"{page} | {Both(paints)} | {Both(figures)} | {(lives.Count > 0 ? Both(lives) : "–")} | {(total > 0 ? total : "–")}");
    }

    private static Task<double> FirstAsync(WatchedPage watched, string name) => watched.Page.EvaluateAsync<double>($"() => window.etrFirst.{name}");

    private static string Both(List<double> milliseconds) =>
        string.Create(CultureInfo.InvariantCulture, $"{milliseconds[0]:F0} / {Figures.Median(milliseconds.Skip(1)):F0} ms");

    private static double Size(string directory) =>
        Directory.EnumerateFiles(directory, "*.parquet", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length) / 1048576.0;
}
