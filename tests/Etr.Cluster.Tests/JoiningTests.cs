using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>Silos find each other, say so, and each does what its roles say and no more.</summary>
public sealed class JoiningTests
{
    [Theory]
    [InlineData(StoreKind.Embedded)]
    [InlineData(StoreKind.Redis, Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    public async Task A_sampler_that_joins_draws_for_the_run_under_way_and_what_is_said_of_it_agrees(StoreKind store)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(store);
        SiloProcess[] first = await cluster.AddAsync("learner", "sampler", "dashboard");
        string run = await cluster.StartRunAsync(TestCluster.Endless);
        await cluster.StepAsync(run, 1);
        string readyFile = cluster.OwnData("ready");

        SiloProcess joined = await cluster.StartSiloAsync([.. cluster.Joining("sampler"), "--ready-file", readyFile]);
        RunReport report = await cluster.ReportAsync(
            run, report => report.Samplers.Any(sampler => sampler.Id == $"{joined.Name}/cpu" && sampler.TokensPerSecond > 0));

        Assert.Equal(joined.ReadyLine + "\n", await File.ReadAllTextAsync(readyFile, TestContext.Current.CancellationToken));
        Assert.Equal([joined.ReadyLine], joined.Process.Output);
        Assert.Equal(("sampler", cluster.Join, "none"), (joined.Roles, joined.Join, joined.Dashboard));
        Assert.Equal(
            cluster.Silos.Select(silo => $"{silo.Name} {silo.Roles} active").Order(StringComparer.Ordinal),
            report.Silos.Select(silo => $"{silo.Name} {string.Join(',', silo.Roles)} {silo.State}").Order(StringComparer.Ordinal));
        Assert.Equal([16, 16], report.Samplers.Select(sampler => sampler.Slots));
        await cluster.StopAsync(run);

        // libtorch is where something is trained, and nowhere else: the engine for small models draws without it.
        Assert.All(cluster.Silos, silo => Assert.Equal(silo.Roles is "learner", silo.Process.HasLoadedTorch));
        Assert.Equal(first[0].Name, cluster.Trainer().Name);
    }

    [Fact]
    public async Task A_run_without_a_sampler_says_so_and_goes_on_when_one_joins()
    {
        const int Steps = 3;
        await using TestCluster cluster = await TestCluster.StartAsync(StoreKind.Embedded);
        await cluster.AddAsync("learner");
        string run = await cluster.StartRunAsync(Steps);

        await cluster.ReportAsync(
            run,
            report => report.Waits.Any(wait => wait.What.Contains("no sampler is live", StringComparison.Ordinal) && wait.Who.StartsWith("group", StringComparison.Ordinal)),
            within: TimeSpan.FromSeconds(10));
        await cluster.AddAsync("sampler");

        await cluster.CompletedAsync(run, Steps);
    }
}
