using Etr.Core.Runs;
using Etr.Grains.Feed;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Diagnosis;

public class DiagnosedRunTests
{
    [Fact]
    public async Task A_run_without_a_sampler_says_so_and_is_sound_again_once_there_is_one()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(hasSampler: false);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1)));

        RunStatus sick = await cluster.UntilAsync(() => cluster.Run().GetStatusAsync(), status => status.Findings.Count > 0);
        RolloutEvent told = await cluster.EventAsync(found => found.Text.StartsWith("diagnosis no-sampler: No sampler is live", StringComparison.Ordinal));
        cluster.Engine.IsAbsent = false;
        await cluster.JoinAsync();
        RunStatus ended = await cluster.EndedAsync();

        Assert.Equal(("no-sampler", 0), (sick.Findings[0].Rule, sick.Findings[0].SinceStep));
        Assert.StartsWith("No sampler is live", sick.Health, StringComparison.Ordinal);
        Assert.Equal(RolloutEventKind.Fault, told.Kind);
        Assert.Equal((RunState.Completed, 0), (ended.State, ended.Findings.Count));
    }

    [Fact]
    public async Task A_step_is_diagnosed_once_and_what_was_found_survives_the_grain()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(
            EtrCluster.Shape(steps: 6), change: configuration => configuration with
            {
                Reward = new RewardOptions { Shaper = "outcome" },
                Diagnosis = new DiagnosisOptions { Window = 2 },
            }));
        await cluster.EndedAsync();

        // All right: without a trend no group has an advantage. Seen from the second step on, raised with the fourth: no step alone raises it.
        RunStatus status = await cluster.UntilAsync(() => cluster.Run().GetStatusAsync(), found => found.Findings.Count > 0);
        Assert.Equal(("no-signal", 2), (status.Findings[0].Rule, status.Findings[0].SinceStep));
        await EtrCluster.DeactivateAsync(cluster.Run());
        Assert.Equal(status.Findings, (await cluster.Run().GetStatusAsync()).Findings);
        Assert.Single(cluster.Events(), found => found.Text.StartsWith("diagnosis no-signal:", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_run_may_do_without_a_diagnosis()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(
            EtrCluster.Shape(steps: 6), change: configuration => configuration with
            {
                Reward = new RewardOptions { Shaper = "outcome" },
                Diagnosis = new DiagnosisOptions { Window = 2, Enabled = false },
            }));

        Assert.Empty((await cluster.EndedAsync()).Findings);
    }
}
