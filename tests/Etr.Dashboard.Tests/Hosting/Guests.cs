using Etr.Dashboard.Tests.Browser;
using Microsoft.Playwright;

namespace Etr.Dashboard.Tests.Hosting;

/// <summary>Browsers that visit a host.</summary>
internal static class Guests
{
    /// <summary>A fresh page in a context of its own, closed before <paramref name="host"/> is; skips the test where there is no browser.</summary>
    public static Task<IPage> OpenAsync(
        this Chromium chromium, DashboardHost host, ColorScheme scheme = ColorScheme.Light, int width = 1280, int height = 800) =>
        chromium.OpenAsync(host.CloseFirst, scheme, width, height);
}
