using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>Samplers come, drain and die while a run goes on.</summary>
public sealed class SamplerLossTests
{
    [Theory]
    [InlineData(StoreKind.Embedded, Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    [InlineData(StoreKind.Redis)]
    public async Task A_run_loses_nothing_with_a_sampler_that_is_killed(StoreKind store)
    {
        const int Steps = 10;
        await using TestCluster cluster = await TestCluster.StartAsync(store);
        SiloProcess[] silos = await cluster.AddAsync("learner", "sampler", "sampler");
        string run = await cluster.StartRunAsync(Steps);
        await cluster.StepAsync(run, 3);

        await silos[1].Process.KillAsync();

        RunReport report = await cluster.CompletedAsync(run, Steps);
        Assert.Equal(0, report.Groups.Cancelled);
        Assert.DoesNotContain(report.Silos, silo => silo.Name == silos[1].Name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sampler_that_is_drained_leaves_in_good_order_and_the_run_goes_on_without_it(bool byCommand)
    {
        const int Steps = 10;
        await using TestCluster cluster = await TestCluster.StartAsync(StoreKind.Embedded);
        SiloProcess[] silos = await cluster.AddAsync("learner", "sampler", "sampler");
        string run = await cluster.StartRunAsync(Steps);
        await cluster.StepAsync(run, 3);

        if (byCommand)
            Assert.Contains("drains and leaves", await cluster.DoneAsync("drain", silos[1].Name), StringComparison.Ordinal);
        else
            silos[1].Process.Terminate();

        Assert.Equal(0, await silos[1].Process.EndAsync());
        Assert.Equal(
            [silos[1].ReadyLine, $"draining: {(byCommand ? "'etr drain' asked for it" : "the process was asked to end")}", "drained: the silo leaves"],
            silos[1].Process.Output);
        RunReport report = await cluster.CompletedAsync(run, Steps);
        Assert.Equal(0, report.Groups.Cancelled);

        // The pool may have lived on the silo that left: where it is now it hears of the others with their next heartbeat.
        await cluster.ReportAsync(run, later => later.Samplers.Select(sampler => sampler.Id).SequenceEqual([$"{silos[2].Name}/cpu"]));
    }
}
