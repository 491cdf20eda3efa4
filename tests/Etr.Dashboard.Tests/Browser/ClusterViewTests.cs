using Etr.Dashboard.Tests.Hosting;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class ClusterViewTests(Chromium chromium)
{
    [Fact]
    public async Task A_sampler_that_is_killed_appears_in_the_timeline_and_is_announced()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of silos and devices" })).ToContainTextAsync("cuda:0");

        host.Runs.Silos = [.. host.Runs.Silos!.Where(silo => silo.Name != "silo-b")];
        host.Runs.Pool = host.Runs.Pool! with { Samplers = [host.Runs.Pool.Samplers[0]] };

        var members = page.GetByRole(AriaRole.Region, new() { Name = "Table of who came and went" });
        await Expect(members).ToContainTextAsync("silo silo-b was lost: membership calls it dead");
        await Expect(members).ToContainTextAsync("sampler silo-b/cuda:0 was lost: no heartbeat any more");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of silos and devices" })).Not.ToContainTextAsync("cuda:0");
        await Expect(page.Locator(".mark-lost")).ToHaveCountAsync(2);
        await Expect(page.GetByRole(AriaRole.Status).First).ToContainTextAsync("was lost");
    }

    [Fact]
    public async Task Queues_waits_staleness_and_idle_time_are_told()
    {
        await using var host = await StartAsync();
        var page = await OpenAsync(host);

        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "Open groups of this run" })).ToContainTextAsync("16");
        await Expect(page.GetByRole(AriaRole.Row, new() { Name = "group 244" })).ToContainTextAsync("a free sampler slot: all 256 slots are taken");
        await Expect(page.Locator(".histogram tbody tr").First).ToContainTextAsync("55.6 %");
        await page.GetByRole(AriaRole.Button, new() { Name = "Table view" }).PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of the last steps' times" }).Locator("tbody tr")).ToHaveCountAsync(20);
        Assert.EndsWith("/cluster?view=table", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_cluster_is_shown_though_the_run_does_not_answer()
    {
        await using var host = await StartAsync();
        host.Runs.Status = null;
        var page = await OpenAsync(host);

        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Table of silos and devices" })).ToContainTextAsync("silo-b");
    }

    private static async Task<DashboardHost> StartAsync()
    {
        var host = await DashboardHost.StartAsync();
        Script.Lively(host);
        return host;
    }

    private async Task<IPage> OpenAsync(DashboardHost host)
    {
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/cluster");
        return page;
    }
}
