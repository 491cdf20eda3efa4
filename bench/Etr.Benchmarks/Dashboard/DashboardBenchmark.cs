using System.Globalization;
using Etr.Benchmarks.Clusters;
using Etr.Dashboard.Tests.Hosting;

namespace Etr.Benchmarks.Dashboard;

/// <summary>
/// What the dashboard costs and how soon it shows: the product's pages in headless Chromium, the server a process of its own. Floors: a
/// step on the wall is 8 bytes, so 1,024 prompts at 5 Hz in view are 40 KiB/s; a frame interval of 200 ms alone makes what is shown 100 ms
/// old on average and 200 ms at worst, before it is painted.
/// </summary>
internal static class DashboardBenchmark
{
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        string part = arguments.Text("--part", "all");
        await using Browser browser = await Browser.OpenAsync();
        Console.WriteLine($"Chromium {browser.Version}, headless, without a GPU");
        if (part is "all" or "wall")
            await WallAsync(browser, arguments);
        if (part is "all" or "circuits")
            await CircuitsAsync(browser, arguments);
        if (part is "all" or "memory")
            await MemoryAsync(browser, arguments);
        if (part is "all" or "paint")
            await PaintPart.RunAsync(browser, arguments);
        if (part is "all" or "latency")
            await LatencyPart.RunAsync(browser, arguments);
        return 0;
    }

    private static async Task WallAsync(Browser browser, Arguments arguments)
    {
        double seconds = arguments.Number("--seconds", 15);
        (int Prompts, int Width, int Height)[] cases = [(1024, 1280, 800), (1024, 3840, 3000), (10_000, 1280, 800)];
        Console.WriteLine("prompts at 5 Hz | window | cells in view | KiB/s to the circuit | wall frames/s | animation frames/s | server's cores: nobody looks / one circuit");
        foreach ((int prompts, int width, int height) in cases)
        {
            using ChildServer server = await ChildServer.StartAsync("dashboard-server", "--prompts", Text(prompts));
            await server.CoresAsync(5);
            double alone = await server.CoresAsync(seconds);
            await using WatchedPage page = await browser.PageAsync(width, height);
            await page.OpenWallAsync(server.Ready[0], prompts);
            await server.CoresAsync(5);
            (long bytes, int frames) = (page.Bytes, (await page.WallAsync()).GetProperty("frames").GetInt32());
            Task<double> animation = page.FramesAsync(seconds);
            double watched = await server.CoresAsync(seconds);
            double shown = await animation;
            var state = await page.WallAsync();
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{prompts} | {width}×{height} | {state.GetProperty("cells").GetInt32()} | {(page.Bytes - bytes) / seconds / 1024:F1} | {(state.GetProperty("frames").GetInt32() - frames) / seconds:F1} | {shown:F1} | {alone:F3} / {watched:F3}"));
        }
    }

    private static async Task CircuitsAsync(Browser browser, Arguments arguments)
    {
        int circuits = arguments.Number("--circuits", 20);
        double seconds = arguments.Number("--seconds", 15);
        using ChildServer server = await ChildServer.StartAsync("dashboard-server", "--prompts", "1024");
        var pages = new List<WatchedPage>();
        for (int i = 0; i < circuits; i++)
        {
            WatchedPage page = await browser.PageAsync();
            await page.OpenWallAsync(server.Ready[0], 1024);
            pages.Add(page);
        }

        await server.CoresAsync(5);
        int[] before = await FramesOf(pages);
        double cores = await server.CoresAsync(seconds);
        int[] after = await FramesOf(pages);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{circuits} circuits on the wall of 1,024 prompts at 5 Hz: {cores:F2} of a core on the server, {after.Zip(before, (now, then) => (now - then) / seconds).Average():F2} frames/s each"));
        foreach (WatchedPage page in pages)
            await page.DisposeAsync();
    }

    private static async Task<int[]> FramesOf(List<WatchedPage> pages)
    {
        var frames = new List<int>();
        foreach (WatchedPage page in pages)
            frames.Add((await page.WallAsync()).GetProperty("frames").GetInt32());
        return [.. frames];
    }

    private static async Task MemoryAsync(Browser browser, Arguments arguments)
    {
        int hours = arguments.Number("--hours", 8);
        int speed = arguments.Number("--speed", 100);
        int prompts = arguments.Number("--memory-prompts", 1024);
        int hertz = arguments.Number("--memory-hertz", 1);
        using ChildServer server = await ChildServer.StartAsync("dashboard-server", "--prompts", Text(prompts), "--speed", Text(speed), "--hertz", Text(hertz));
        await using WatchedPage page = await browser.PageAsync();
        await page.OpenWallAsync(server.Ready[0], prompts);
        await using WatchedPage charts = await browser.PageAsync();
        await charts.Page.GotoAsync($"{server.Ready[0]}/runs/{Samples.Run}/training");
        Console.WriteLine($"{hours} h at {speed}×: {prompts} prompts at {hertz} Hz, a step each 5 s, wall and training open");
        Console.WriteLine("hours | server: live MiB | resident MiB | million reasoning steps | wall: script MiB | its frames | training: script MiB");
        for (double hour = 0; hour <= hours; hour += 0.5)
        {
            string[] memory = (await server.AskAsync("memory")).Split(' ');
            int frames = (await page.WallAsync()).GetProperty("frames").GetInt32();
            (double wall, double training) = (await page.HeapAsync() / 1048576, await charts.HeapAsync() / 1048576);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{hour:F1} | {long.Parse(memory[0], CultureInfo.InvariantCulture) / 1048576.0:F2} | {long.Parse(memory[1], CultureInfo.InvariantCulture) / 1048576.0:F0} | {long.Parse(memory[2], CultureInfo.InvariantCulture) / 1e6:F2} | {wall:F2} | {frames} | {training:F2}"));
            if (hour < hours)
                await Task.Delay(TimeSpan.FromHours(0.5) / speed);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
