using System.Text.Json;
using Microsoft.Playwright;

namespace Etr.Benchmarks.Dashboard;

/// <summary>Headless Chromium.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private const int Patience = 60_000;

    // Without these a headless tab draws at the rate of a screen, as one on a desk does; memory is told to the byte.
    private static readonly string[] Options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-precise-memory-info", "--js-flags=--expose-gc"];

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Browser(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>What it calls itself.</summary>
    public string Version => _browser.Version;

    public static async Task<Browser> OpenAsync()
    {
        Environment.SetEnvironmentVariable("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        IPlaywright playwright = await Playwright.CreateAsync();
        string executable = Environment.GetEnvironmentVariable("ETR_CHROMIUM") ?? "/usr/bin/chromium";
        return new Browser(playwright, await playwright.Chromium.LaunchAsync(new() { ExecutablePath = executable, Headless = true, Args = Options }));
    }

    /// <summary>A page with nothing in its cache.</summary>
    public async Task<WatchedPage> PageAsync(int width = 1280, int height = 800, string? script = null)
    {
        IBrowserContext context = await _browser.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = height } });
        context.SetDefaultTimeout(Patience);
        if (script is not null)
            await context.AddInitScriptAsync(script);
        return new WatchedPage(await context.NewPageAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}

/// <summary>A page whose circuit's bytes are counted.</summary>
internal sealed class WatchedPage : IAsyncDisposable
{
    private long _bytes;

    public WatchedPage(IPage page)
    {
        Page = page;
        page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) => Interlocked.Add(ref _bytes, frame.Binary?.Length ?? frame.Text?.Length ?? 0);
    }

    public IPage Page { get; }

    /// <summary>Bytes that the server has sent over the circuit, as they were before compression.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Opens a run's wall and waits for so many prompts.</summary>
    public async Task OpenWallAsync(string address, int prompts)
    {
        await Page.GotoAsync($"{address}/runs/{Etr.Dashboard.Tests.Hosting.Samples.Run}/wall");
        await Page.WaitForFunctionAsync($"() => window.etrWall && window.etrWall.state().total >= {prompts}");
    }

    /// <summary>The wall's own figures.</summary>
    public Task<JsonElement> WallAsync() => Page.EvaluateAsync<JsonElement>("() => window.etrWall.state()");

    /// <summary>Animation frames a second over some seconds: below a screen's rate where the page is busy.</summary>
    public Task<double> FramesAsync(double seconds) => Page.EvaluateAsync<double>(
        """
        seconds => new Promise(done => {
          let frames = 0;
          const start = performance.now();
          const next = now => {
            if (now - start >= seconds * 1000) done(frames / (now - start) * 1000);
            else { frames++; requestAnimationFrame(next); }
          };
          requestAnimationFrame(next);
        })
        """,
        seconds);

    /// <summary>Bytes of the page's script heap after a collection.</summary>
    public Task<double> HeapAsync() => Page.EvaluateAsync<double>("() => { gc(); return performance.memory.usedJSHeapSize; }");

    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();
}
