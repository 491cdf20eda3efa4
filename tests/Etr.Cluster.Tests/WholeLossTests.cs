using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>Every silo dies at once.</summary>
public sealed class WholeLossTests
{
    [Theory]
    [InlineData(StoreKind.Embedded)]
    [InlineData(StoreKind.Redis, Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    public async Task A_run_goes_on_without_a_command_once_silos_are_back(StoreKind store)
    {
        const int Steps = 10;
        await using TestCluster cluster = await TestCluster.StartAsync(store);
        await cluster.AddAsync("learner", "sampler");
        string run = await cluster.StartRunAsync(Steps);
        await cluster.StepAsync(run, 3);

        SiloProcess[] before = [.. cluster.Silos];
        await cluster.KillAllAsync();
        foreach (SiloProcess silo in before)
            await cluster.RestartAsync(silo);

        RunReport report = await cluster.CompletedAsync(run, Steps);
        Assert.Equal(0, report.Groups.Cancelled);
        Assert.Equal(
            before.Select(silo => silo.Name).Order(StringComparer.Ordinal),
            report.Silos.Select(silo => silo.Name).Order(StringComparer.Ordinal));
    }
}
