using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>The learner's silo dies or freezes, and another one that may train goes on.</summary>
public sealed class LearnerLossTests
{
    [Theory]
    [InlineData(StoreKind.Embedded, Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    [InlineData(StoreKind.Redis)]
    public async Task A_run_goes_on_from_another_silo_that_may_train_when_its_learner_is_killed(StoreKind store)
    {
        const int Steps = 10;
        await using TestCluster cluster = await TestCluster.StartAsync(store);
        await cluster.AddAsync("learner", "learner", "sampler");
        string run = await cluster.StartRunAsync(Steps);
        await cluster.StepAsync(run, 3);
        SiloProcess trainer = cluster.Trainer();

        await trainer.Process.KillAsync();

        RunReport report = await cluster.CompletedAsync(run, Steps);
        Assert.Equal(0, report.Groups.Cancelled);
        Assert.True(cluster.Silos.Single(silo => silo.Roles == "learner" && silo != trainer).Process.HasLoadedTorch);
    }

    [Theory]
    [InlineData(StoreKind.Embedded)]
    [InlineData(StoreKind.Redis, Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    public async Task A_learner_that_was_frozen_until_another_took_over_ends_with_a_sentence_and_commits_nothing(StoreKind store)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(store);
        await cluster.AddAsync("learner", "learner", "sampler");
        string run = await cluster.StartRunAsync(TestCluster.Endless);
        await cluster.StepAsync(run, 3);
        SiloProcess frozen = cluster.Trainer();

        frozen.Process.Freeze();
        await cluster.StepAsync(run, cluster.LastStep(run) + 2);
        frozen.Process.Thaw();

        Assert.Equal(1, await frozen.Process.EndAsync());
        Assert.Contains(
            "etr: this silo stops: the other silos have declared it dead, because it did not answer them for too long; start it again and it joins anew",
            frozen.Process.Transcript, StringComparison.Ordinal);
        await cluster.StepAsync(run, cluster.LastStep(run) + 2);
        await cluster.StopAsync(run);
    }
}
