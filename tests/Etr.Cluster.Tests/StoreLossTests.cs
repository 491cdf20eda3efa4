using System.Diagnostics;
using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>The store is away for a while: calls wait to their deadline, no silo gives up, nothing is lost.</summary>
public sealed class StoreLossTests
{
    [Theory]
    [InlineData(false, 5, Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    [InlineData(true, 5)]
    [InlineData(false, 30, Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    [InlineData(true, 30, Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    public async Task A_run_goes_on_when_the_store_is_back(bool killed, int seconds)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(StoreKind.Redis);
        await cluster.AddAsync("learner", "sampler", "sampler");
        string run = await cluster.StartRunAsync(TestCluster.Endless);
        await cluster.StepAsync(run, 3);

        long start = Stopwatch.GetTimestamp();
        if (killed)
            await cluster.Redis!.Process.KillAsync();
        else
            cluster.Redis!.Process.Freeze();
        do
        {
            (int code, string output) = await cluster.EtrAsync("run", "status", run);
            Assert.Equal(2, code);
            Assert.Contains($"the store at {cluster.Join} does not answer as one", output, StringComparison.Ordinal);
        }
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(seconds));
        if (killed)
            await cluster.Redis.RestartAsync();
        else
            cluster.Redis.Process.Thaw();

        await cluster.StepAsync(run, cluster.LastStep(run) + 5);
        RunReport report = await cluster.ReportAsync(run);
        Assert.All(cluster.Silos, silo => Assert.False(silo.Process.HasEnded, silo.Process.Transcript));
        Assert.Equal((3, 0), (report.Silos.Length, report.Groups.Cancelled));
        await cluster.StopAsync(run);
    }
}
