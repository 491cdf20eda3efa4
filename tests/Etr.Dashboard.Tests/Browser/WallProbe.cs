using System.Text.Json;
using Microsoft.Playwright;

namespace Etr.Dashboard.Tests.Browser;

/// <summary>Reads what the wall shows, through the canvas module's own accessor.</summary>
internal static class WallProbe
{
    /// <summary>Opens the wall and waits until its circuit feeds it.</summary>
    public static async Task OpenWallAsync(this IPage page, string address, string query = "")
    {
        await page.GotoAsync($"{address}/runs/{Hosting.Samples.Run}/wall{query}");
        await page.WaitForFunctionAsync("() => window.etrWall && window.etrWall.state().frames > 0");
    }

    /// <summary>Waits until a cell shows so many steps, and returns their entropies.</summary>
    public static async Task<double[]> StepsAsync(this IPage page, int prompt, int count)
    {
        await page.WaitForFunctionAsync("([p, n]) => window.etrWall.cell(p)?.steps.length === n", new[] { prompt, count });
        var steps = await page.EvaluateAsync<JsonElement>("p => window.etrWall.cell(p).steps", prompt);
        return [.. steps.EnumerateArray().Select(step => step.GetDouble())];
    }

    public static Task<IJSHandle> WaitForWallAsync(this IPage page, string condition) =>
        page.WaitForFunctionAsync($"() => {{ const wall = window.etrWall.state(); return {condition}; }}");

    public static Task<T> WallAsync<T>(this IPage page, string property) =>
        page.EvaluateAsync<T>($"() => window.etrWall.state().{property}");
}
