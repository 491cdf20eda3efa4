using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Samplers;

public class HomePlacementTests
{
    private static ISamplerPoolGrain Pool(EtrCluster cluster) => cluster.Grains.GetGrain<ISamplerPoolGrain>(0);

    [Fact]
    public async Task Every_silo_has_its_own_sampler_and_groups_spread_over_them()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(silos: 2);
        await cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Samplers.Count == 2);
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1)));
        PoolStatus pool = await cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Leases == 12);

        Assert.Equal(["Silo_0/fake", "Silo_1/fake"], pool.Samplers.Select(sampler => sampler.Sampler));
        Assert.All(pool.Samplers, sampler => Assert.Equal(6, sampler.Used));
    }

    [Fact]
    public async Task A_silo_that_dies_costs_the_run_nothing()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(silos: 2);
        await cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Samplers.Count == 2);
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2)));
        for (int i = 0; i < 4; i++)
            await cluster.Engine.NextAsync(cluster.Deadline);

        // What was under way is never drawn: half of it is lost with the silo, the other half is asked for again by hand.
        cluster.Engine.Draw = request => Traces.DrawAll(request, _ => true);
        await cluster.KillAsync("Silo_1");
        await cluster.UntilAsync(() => Pool(cluster).GetStatusAsync(), status => status.Samplers.Count == 1);
        await EtrCluster.DeactivateAsync(cluster.Grains.GetGrain<ISamplerGrain>("Silo_0/fake"));
        await cluster.Run().ResumeAsync();

        RunStatus status = await cluster.EndedAsync();
        Assert.Equal((RunState.Completed, 2, 8), (status.State, status.Step, status.Groups.Consumed));
        Assert.True(status.Groups.IsClosed);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], (await cluster.Run().GetStepsAsync(1)).SelectMany(step => step.Ordinals));
    }
}
