using System.Diagnostics;
using Etr.Cluster.Tests.Clusters;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Cluster.Tests.Dashboards;

/// <summary>Samplers are killed while people look, one after the other, and another joins.</summary>
[Collection(nameof(LiveRuns))]
public sealed class SamplerKillTests(LiveRun run)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_sampler_that_is_killed_is_told_of_within_ten_seconds_and_so_is_what_is_waited_for()
    {
        await using LivePage cluster = await run.OpenAsync("/cluster", Hand.Mouse);
        await using LivePage overview = await run.OpenAsync("", Hand.Mouse);
        try
        {
            await KillAsync(cluster, overview);
        }
        finally
        {
            // The other tests want two.
            while (run.Samplers.Count < 2)
                await run.Cluster.AddAsync("sampler");
        }
    }

    private async Task KillAsync(LivePage cluster, LivePage overview)
    {
        await Cluster.HasSamplersAtWorkAsync(cluster);
        ILocator health = overview.Page.Locator(".health");

        foreach (SiloProcess victim in run.Samplers)
        {
            long since = Stopwatch.GetTimestamp();
            await victim.Process.KillAsync();
            await Task.WhenAll(
                WithinAsync(since, $"{victim.Name} is no device any more", limit => Expect(Cluster.Device(cluster, victim.Name)).ToHaveCountAsync(0, new() { Timeout = limit })),
                WithinAsync(since, $"{victim.Name} is lost in the timeline", limit => Expect(Lost(cluster, victim)).ToHaveCountAsync(2, new() { Timeout = limit })),
                run.Samplers.Count > 0 ? Task.CompletedTask : WithinAsync(since, "the health line says what is waited for",
                    limit => Expect(health).ToContainTextAsync("for a sampler: none is live", new() { Timeout = limit })));
        }

        await Expect(cluster.Page.Locator(".mark-lost")).Not.ToHaveCountAsync(0);
        await Expect(cluster.Page.GetByRole(AriaRole.Status).First).ToContainTextAsync("was lost");
        await Expect(cluster.Region("Table of silos and devices").Locator("..")).ToContainTextAsync("No sampler is live");
        await Expect(overview.Page.GetByRole(AriaRole.Status).First).ToContainTextAsync("none is live");
        await overview.UntilAsync("/Waiting \\d+ s for a sampler/.test(document.querySelector('.health').textContent)");

        SiloProcess fresh = (await run.Cluster.AddAsync("sampler"))[0];
        long joined = Stopwatch.GetTimestamp();
        await Task.WhenAll(
            WithinAsync(joined, $"{fresh.Name} is a device", limit => Expect(Cluster.Device(cluster, fresh.Name)).ToHaveCountAsync(1, new() { Timeout = limit })),
            WithinAsync(joined, "the health line has recovered", limit => Expect(health).Not.ToContainTextAsync("sampler", new() { Timeout = limit })));
        await overview.SeesNewStepsAsync();
        cluster.HasNothingToComplainOf();
        overview.HasNothingToComplainOf();
    }

    /// <summary>What the timeline's table says of a silo and its sampler.</summary>
    private static ILocator Lost(LivePage cluster, SiloProcess silo) => cluster.Rows("Table of who came and went").Filter(new() { HasText = silo.Name }).Filter(new() { HasText = "was lost" });

    /// <summary>Waits for something to be seen until ten seconds have passed since a moment, and tells how long it took.</summary>
    private static async Task WithinAsync(long since, string what, Func<float, Task> seen)
    {
        await seen((float)(Limit - Stopwatch.GetElapsedTime(since)).TotalMilliseconds);
        TestContext.Current.SendDiagnosticMessage("{0}: after {1:0.0} s", what, Stopwatch.GetElapsedTime(since).TotalSeconds);
    }
}
