using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>With the deterministic engine a run's weights depend on its seed alone: not on how many silos draw, not on which of them die.</summary>
public sealed class BitIdentityTests
{
    private const int Steps = 5;

    [Fact]
    public async Task A_run_ends_with_the_same_bits_on_any_number_of_silos_and_through_the_death_of_sampler_and_learner()
    {
        await using TestCluster cluster = await TestCluster.StartWholeAsync();
        string one = await RunAsync(cluster);
        SiloProcess sampler = (await cluster.AddAsync("sampler"))[0];
        string two = await RunAsync(cluster);
        await cluster.AddAsync("sampler");
        string three = await RunAsync(cluster);

        string disturbed = await StartAsync(cluster);
        string directory = Path.Combine(cluster.Data, "runs", disturbed);
        await cluster.StepAsync(disturbed, 1);

        // The first of a step's groups is sealed, so another one is being drawn.
        await FileWatch.NewFileAsync(Path.Combine(directory, "groups"));
        await sampler.Process.KillAsync();

        // A step has been computed and is being written down. With the silo goes the store.
        await FileWatch.NewFileAsync(Path.Combine(directory, "checkpoints"));
        await cluster.Silos[0].Process.KillAsync();
        await cluster.RestartAsync(cluster.Silos[0]);
        await cluster.CompletedAsync(disturbed, Steps);

        Assert.Equal(two, one);
        Assert.Equal(three, one);
        Assert.Equal(cluster.PolicyOf(disturbed, Steps), one);
        Assert.NotEqual(await RunAsync(cluster, seed: 2), one);
    }

    private static async Task<string> RunAsync(TestCluster cluster, int seed = 1)
    {
        string run = await StartAsync(cluster, seed);
        await cluster.CompletedAsync(run, Steps);
        return cluster.PolicyOf(run, Steps);
    }

    private static Task<string> StartAsync(TestCluster cluster, int seed = 1) =>
        cluster.StartRunAsync(Steps, "Etr:Policy:Engine=deterministic", string.Create(System.Globalization.CultureInfo.InvariantCulture, $"Etr:Run:Seed={seed}"));
}
