using Etr.Core.Rollouts;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class ViewTests
{
    [Fact]
    public async Task A_group_shows_its_traces_while_they_are_drawn()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 2, promptsPerStep: 1)));
        RolloutRequest request = await cluster.Engine.NextAsync(cluster.Deadline);
        for (int step = 0; step < 3; step++)
        {
            request.Observer.OnTokens(0, [Traces.Token("x", 1f), Traces.Token("\n\n", 0.5f)]);
            RolloutEvent seen = await cluster.EventAsync(found => found is { Kind: RolloutEventKind.StepSampled, Slot: 0 } && found.Step == step);
            Assert.Equal(0.75, seen.Value);
        }

        GroupView view = await cluster.Group(0).GetViewAsync();
        Assert.Equal((GroupPhase.Rolling, 6, 0), (view.Phase, view.Traces[0].TokenTexts.Count, view.Traces[1].TokenTexts.Count));
        Assert.Equal([0, 0, 1, 1, 2, 2], view.Traces[0].TokenSteps);
        Assert.Equal((false, -1, 1), (view.Traces[0].Ended, view.Traces[0].Verdict, view.Traces[0].Attempt));
    }

    [Fact]
    public async Task A_run_without_a_sampler_says_what_it_waits_for()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(hasSampler: false);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1)));
        RunStatus status = await cluster.UntilAsync(
            () => cluster.Run().GetStatusAsync(),
            found => found.Waits.Any(wait => wait.What == "a free sampler slot: no sampler is live"));

        Assert.Contains(status.Waits, wait => wait is { Seconds: >= 0, DeadlineSeconds: >= 0 } && wait.Who.StartsWith("group ", StringComparison.Ordinal));
        Assert.Contains(status.Waits, wait => wait is { Who: "learner" });
        cluster.Engine.IsAbsent = false;
        Assert.Equal(RunState.Completed, (await cluster.EndedAsync()).State);
    }

    [Fact]
    public async Task A_group_that_meets_no_fault_costs_four_writes()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(options => options.Progress = TimeSpan.FromMinutes(1));
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1)));
        await cluster.EndedAsync();
        foreach (int ordinal in Enumerable.Range(0, 4))
            await cluster.UntilAsync(() => cluster.Group(ordinal).TouchAsync(), pulse => pulse.Phase == GroupPhase.Consumed);

        Assert.Equal(4 * 3, cluster.Storage.WritesOf("group"));
        Assert.Equal(4, cluster.Storage.WritesOf("prompt"));
        Assert.All(cluster.Storage.Writes, write => Assert.InRange(write.Bytes, 1, 1_000_000));
    }

    [Fact]
    public async Task Runs_are_listed_newest_first()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run("one").StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1), "one"));
        await cluster.EndedAsync("one");
        await cluster.Run("two").StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1), "two"));
        await cluster.EndedAsync("two");

        IReadOnlyList<RunEntry> runs = await cluster.UntilAsync(
            () => cluster.Grains.GetGrain<IRunDirectoryGrain>(0).ListAsync(),
            entries => entries.Count(entry => entry.State == RunState.Completed) == 2);
        Assert.Equal(["two", "one"], runs.Select(entry => entry.Run));
        Assert.All(runs, entry => Assert.Equal((1, "guarded"), (entry.Step, entry.Shaper)));
    }

    [Fact]
    public async Task Nobody_knows_a_run_that_was_never_started()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        Assert.Equal(RunState.Unknown, (await cluster.Run("none").GetStatusAsync()).State);
        Assert.Null(await cluster.Run("none").GetStartAsync());
        await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.Run("none").ResumeAsync());
    }
}
