using Etr.Core.Runs;
using Etr.Core.Training;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class WholeRunTests
{
    [Fact]
    public async Task A_run_ends_with_its_ledger_closed_and_a_manifest_for_each_step()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Traces.DrawAll(request, slot => slot > 0);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 3)));
        await cluster.EventAsync(found => found is { Kind: RolloutEventKind.StepCommitted, Ordinal: 3 });
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal(RunState.Completed, status.State);
        Assert.Equal(3, status.Step);
        Assert.True(status.Groups.IsClosed);
        Assert.Equal((12, 12, 0), (status.Groups.Created, status.Groups.Consumed, status.Groups.Open));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], cluster.Trainers.Batches.SelectMany(batch => batch.Groups).Select(group => group.Ordinal));

        var steps = await cluster.Run().GetStepsAsync(1);
        Assert.Equal([1, 2, 3], steps.Select(step => step.Step));
        Assert.All(steps, step => Assert.Equal(2 / 3.0, step.Accuracy, 12));
        for (int step = 1; step <= 3; step++)
        {
            StepManifest? manifest = await StepManifest.ReadAsync(Path.Combine(cluster.RunDirectory(), "steps"), step, cluster.Deadline);
            Assert.Equal(Enumerable.Range((step - 1) * 4, 4).Select(ordinal => (long)ordinal), manifest!.Groups.Select(group => group.Ordinal));
            Assert.All(manifest.Groups, group => Assert.True(File.Exists(Path.Combine(cluster.RunDirectory(), "groups", group.Sha256 + ".bin"))));
        }
    }

    [Fact]
    public async Task Each_step_draws_with_the_policy_that_the_step_before_it_made()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2)));
        await cluster.EndedAsync();

        StepSummary first = (await cluster.Run().GetStepsAsync(1))[0];
        Assert.Equal(4, cluster.Engine.Seen.Count(request => request.Policy.Version == 0 && request.Policy.File == Path.Combine(cluster.RunDirectory(), "policy", "0", "model.safetensors")));
        Assert.Equal(4, cluster.Engine.Seen.Count(request => request.Policy.Version == 1 && request.Policy.Sha256 == first.PolicySha256));
    }

    [Fact]
    public async Task The_learner_gets_the_tokens_and_the_advantages_that_the_group_shows()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Traces.DrawAll(request, slot => slot == 1);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, promptsPerStep: 1)));
        await cluster.EndedAsync();
        GroupView view = await cluster.Group(0).GetViewAsync();

        TrainingGroup group = Assert.Single(cluster.Trainers.Batches).Groups[0];
        Assert.Equal(Traces.Prompt, group.PromptTokens);
        Assert.Equal(view.Traces.Select(trace => trace.Advantage), group.Traces.Select(trace => trace.Advantage));
        Assert.Equal([10, 5, 11, 5, 6, 8, 9, 0], group.Traces[1].Tokens);

        // One right of three, no second right one to compare trends with: z = (1 - 1/3)/std, std of {0, 1, 0} = 1/sqrt 3.
        Assert.Equal(2 / 3.0 * Math.Sqrt(3), view.Traces[1].Advantage, 5);
        Assert.Equal([0, 1, 0], view.Traces.Select(trace => trace.Verdict));
        Assert.Equal([0.75, 0.375, 0.09375], view.Traces[1].StepEntropies);
    }

    [Fact]
    public async Task A_prompt_remembers_its_rounds()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(
            EtrCluster.Shape(steps: 3, promptsPerStep: 2),
            change: configuration => configuration with { Task = new TaskOptions { Prompts = 2 } }));
        await cluster.EndedAsync();

        PromptView prompt = await cluster.Grains.GetGrain<IPromptGrain>(IPromptGrain.KeyOf("run", 1)).GetViewAsync();
        Assert.Equal([0, 1, 2], prompt.History.Select(round => round.Round));
        Assert.Equal([0L, 1, 2], prompt.History.Select(round => round.PolicyVersion));
        Assert.All(prompt.History, round => Assert.Equal(1, round.Accuracy));
    }

    [Fact]
    public async Task Steps_reach_the_feed_in_order_and_before_their_trace_ends()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 2, promptsPerStep: 1)));
        await cluster.EndedAsync();

        var slot = cluster.Events().Where(found => found.Slot == 1).ToList();
        Assert.Equal([0, 1, 2], slot.Where(found => found.Kind == RolloutEventKind.StepSampled).Select(found => found.Step));
        Assert.Equal(RolloutEventKind.TraceEnded, slot[^1].Kind);
        Assert.Equal(8, slot[^1].Value);
    }

    [Fact]
    public async Task An_all_wrong_group_teaches_nothing_and_is_consumed()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Traces.DrawAll(request, _ => false);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, promptsPerStep: 1)));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((1, 1), (status.LastStep!.AllWrong, status.LastStep.ZeroAdvantage));
        Assert.All(cluster.Trainers.Batches.Single().Groups[0].Traces, trace => Assert.Equal(0, trace.Advantage));
        Assert.Equal(1, status.Groups.Consumed);
    }

    [Fact]
    public async Task A_group_of_one_trace_is_the_smallest_that_works()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 1, promptsPerStep: 1)));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal(RunState.Completed, status.State);
        Assert.Equal(0, Assert.Single(cluster.Trainers.Batches.Single().Groups[0].Traces).Advantage);
    }

    [Fact]
    public async Task Starting_twice_changes_nothing_and_another_configuration_is_refused()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        RunStart start = cluster.StartOf(EtrCluster.Shape());
        await cluster.Run().StartAsync(start);
        await cluster.Run().StartAsync(start);

        Assert.Equal(4, (await cluster.Run().GetStatusAsync()).Groups.Created);
        await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 9))));
    }

    [Fact]
    public async Task Three_steps_that_are_not_finite_fail_the_run_with_its_state_saved()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Trainers.IsApplied = step => step == 1;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 9)));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal(RunState.Failed, status.State);
        Assert.Equal((4, 3), (status.Step, status.SkippedSteps));
        Assert.Contains("not finite", status.Reason, StringComparison.Ordinal);
        Assert.True(File.Exists(status.CheckpointFile));
        Assert.True(status.Groups.IsClosed);
    }

    [Fact]
    public async Task A_run_without_signal_stops_as_converged()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Traces.DrawAll(request, _ => false);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 50) with { StopAfterQuietSteps = 2 }));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 2), (status.State, status.Step));
        Assert.StartsWith("Converged", status.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_last_two_checkpoints_and_policies_are_kept()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 5, promptsPerStep: 1)));
        RunStatus status = await cluster.EndedAsync();

        await cluster.UntilAsync(() => Task.FromResult(Directory.GetFiles(Path.Combine(cluster.RunDirectory(), "checkpoints"))), files => files.Length == 2);
        Assert.True(File.Exists(status.CheckpointFile));
        Assert.True(File.Exists(status.PolicyFile));
    }
}
