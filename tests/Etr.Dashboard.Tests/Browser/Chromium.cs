using Microsoft.Playwright;

namespace Etr.Dashboard.Tests.Browser;

/// <summary>One headless browser for all browser tests; they are skipped where the machine has none.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string Executable = Environment.GetEnvironmentVariable("ETR_CHROMIUM") is { Length: > 0 } named ? named : "/usr/bin/chromium";

    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    ];

    // Milliseconds: generous, since a machine that builds and trains beside the tests answers slowly.
    private const int Patience = 30_000;

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Whether this machine has a browser.</summary>
    public static bool IsThere => File.Exists(Executable);

    /// <summary>Why a test without a browser is skipped.</summary>
    public static string Absence => $"There is no browser at {Executable}.";

    public async ValueTask InitializeAsync()
    {
        if (!IsThere)
            return;

        // The driver must not fetch a browser of its own.
        Environment.SetEnvironmentVariable("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        Assertions.SetDefaultExpectTimeout(Patience);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Executable, Headless = true, Args = Arguments });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A fresh page in a context of its own; skips the test where there is no browser.</summary>
    /// <param name="closesFirst">Told of the context by who has to close it before the server goes; null where that is the caller.</param>
    /// <param name="scheme">The colours that the system asks for.</param>
    /// <param name="width">Width of the view in pixels.</param>
    /// <param name="height">Height of the view in pixels.</param>
    internal async Task<IPage> OpenAsync(
        Action<IAsyncDisposable>? closesFirst = null, ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 800)
    {
        Assert.SkipWhen(_browser is null, Absence);
        var context = await _browser!.NewContextAsync(new()
        {
            ColorScheme = scheme,
            ViewportSize = new() { Width = width, Height = height },
        });
        context.SetDefaultTimeout(Patience);
        closesFirst?.Invoke(context);
        return await context.NewPageAsync();
    }
}
