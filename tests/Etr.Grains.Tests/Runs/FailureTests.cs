using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class FailureTests
{
    [Fact]
    public async Task A_lost_sampler_costs_no_reported_step()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 2, promptsPerStep: 1)));
        RolloutRequest first = await cluster.Engine.NextAsync(cluster.Deadline);
        SampledToken[] step = Traces.Steps(Traces.Answer(first.Prompt, true), 2)[0];
        first.Observer.OnTokens(1, step);
        await cluster.EventAsync(found => found is { Kind: RolloutEventKind.StepSampled, Slot: 1, Step: 0 });

        // The sampler comes back with another epoch, as after a restart of its process.
        await EtrCluster.DeactivateAsync(await SamplerAsync(cluster));
        RolloutRequest second = await cluster.Engine.NextAsync(cluster.Deadline);

        Assert.True(first.Cancellation.IsCancellationRequested);
        Assert.Equal(step, second.Slots.Single(slot => slot.Slot == 1).Prefix);
        Assert.Empty(second.Slots.Single(slot => slot.Slot == 0).Prefix);
        Assert.Equal((first.Policy, first.PromptIndex, first.Round), (second.Policy, second.PromptIndex, second.Round));

        Traces.DrawAll(second, _ => true);
        RunStatus status = await cluster.EndedAsync();
        Assert.True(status.Groups.IsClosed);
        GroupView view = await cluster.Group(0).GetViewAsync();
        Assert.Equal([2, 2], view.Traces.Select(trace => trace.Attempt));
        Assert.Equal(8, view.Traces[1].TokenTexts.Count);
        Assert.InRange((await cluster.Grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync()).Voided, 2, 4);
    }

    [Fact]
    public async Task A_late_completion_is_refused_counted_and_shown()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, promptsPerStep: 1)));
        RolloutRequest request = await cluster.Engine.NextAsync(cluster.Deadline);

        Guid late = Guid.NewGuid();
        ReportAnswer answer = await cluster.Group(0).ReportAsync(
            [new SlotReport { Slot = 0, Lease = late, From = 0, Frame = TokenFrame.Pack([Traces.Token("x")]), Ending = TraceEnd.Finished, PromptTokens = [1] }]);

        Assert.Equal([late], answer.Refused);
        await cluster.EventAsync(found => found.Kind == RolloutEventKind.Fault && found.Text.Contains("refused", StringComparison.Ordinal));
        Assert.All((await cluster.Group(0).GetViewAsync()).Traces, trace => Assert.False(trace.Ended));

        Traces.DrawAll(request, _ => true);
        Assert.Equal(1, (await cluster.EndedAsync()).Groups.Consumed);
    }

    [Fact]
    public async Task A_group_submitted_again_after_its_step_is_not_trained_on_twice()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2, promptsPerStep: 2)));
        await cluster.EndedAsync();
        GroupSubmission again = new() { Ordinal = 1, Prompt = 0, Round = 0, PolicyVersion = 0, Sha256 = new string('0', 64), Bytes = 1 };

        Assert.Equal(new SubmitAnswer(SubmitKind.Committed, 1), await cluster.Learner().SubmitAsync(again));
        Assert.Equal(new SubmitAnswer(SubmitKind.Committed, 2), await cluster.Learner().SubmitAsync(again with { Ordinal = 3 }));
        Assert.Equal(2, cluster.Trainers.Batches.Count);
    }

    [Fact]
    public async Task A_learner_lost_between_training_and_commit_trains_the_same_batch_again()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        var reached = new TaskCompletionSource();
        var hold = new TaskCompletionSource();
        cluster.Trainers.Before = batch =>
        {
            if (batch.Step != 2 || !reached.TrySetResult())
                return Task.CompletedTask;
            return hold.Task;
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 3)));
        await reached.Task.WaitAsync(cluster.Deadline);
        await EtrCluster.DeactivateAsync(cluster.Learner());
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 3), (status.State, status.Step));
        Assert.True(status.Groups.IsClosed);
        long[][] second = [.. cluster.Trainers.Batches.Where(batch => batch.Step == 2).Select(batch => batch.Groups.Select(group => group.Ordinal).ToArray())];
        Assert.Equal([[4, 5, 6, 7], [4, 5, 6, 7]], second);

        // The new learner stands at what step 1 committed.
        StepSummary first = (await cluster.Run().GetStepsAsync(1))[0];
        Assert.Equal(new FileRef(first.CheckpointFile, first.CheckpointSha256), Assert.Single(cluster.Trainers.Loaded));
    }

    [Fact]
    public async Task A_learner_that_lost_its_state_to_another_commits_nothing()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        int interfered = 0;

        // While the write is under way the groups go on asking: none may hear of a commit that then fails.
        cluster.Storage.BeforeWrite = (name, grain) =>
        {
            if (name == "learner" && Interlocked.Exchange(ref interfered, 1) == 0)
                cluster.Storage.Touch(name, grain);
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2)));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 2), (status.State, status.Step));
        Assert.Equal([1, 1, 2], cluster.Trainers.Batches.Select(batch => batch.Step));
        Assert.Equal([1, 2], cluster.Events().Where(found => found.Kind == RolloutEventKind.StepCommitted).Select(found => (int)found.Ordinal));
        Assert.Equal(2, cluster.Storage.WritesOf("learner"));
    }

    [Fact]
    public async Task A_store_that_fails_for_a_while_costs_nothing()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        int writes = 0;

        // Every third write of everyone fails.
        cluster.Storage.BeforeWrite = (name, _) =>
        {
            if (name != "learner" && Interlocked.Increment(ref writes) % 3 == 0)
                throw new IOException("the store is away");
        };
        RunStart start = cluster.StartOf(EtrCluster.Shape(steps: 3));
        await cluster.Run().StartAsync(start);
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 3, 12), (status.State, status.Step, status.Groups.Consumed));
        Assert.True(status.Groups.IsClosed);
        Assert.Equal([1, 2, 3], cluster.Trainers.Batches.Select(batch => batch.Step));
    }

    [Fact]
    public async Task A_sealed_group_whose_host_went_away_is_woken_and_consumed()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync(options => options.Retry = TimeSpan.FromMinutes(1));
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 1, promptsPerStep: 2)));
        RolloutRequest[] requests = [await cluster.Engine.NextAsync(cluster.Deadline), await cluster.Engine.NextAsync(cluster.Deadline)];
        Traces.DrawAll(requests[0], _ => true);
        RolloutEvent sealedGroup = await cluster.EventAsync(found => found.Kind == RolloutEventKind.GroupSealed);

        // Neither the learner, which held it in memory only, nor the group is there any more.
        await EtrCluster.DeactivateAsync(cluster.Group(sealedGroup.Ordinal));
        await EtrCluster.DeactivateAsync(cluster.Learner());
        Traces.DrawAll(requests[1], _ => true);

        Assert.Equal(2, (await cluster.EndedAsync()).Groups.Consumed);
        await cluster.UntilAsync(() => cluster.Group(sealedGroup.Ordinal).TouchAsync(), pulse => pulse.Phase == GroupPhase.Consumed);
        Assert.Equal(1, (await cluster.Group(sealedGroup.Ordinal).GetViewAsync()).Step);
    }

    [Fact]
    public async Task A_step_is_made_of_the_first_ordinals_not_of_the_first_to_arrive()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 1, promptsPerStep: 3)));
        var requests = new List<RolloutRequest>();
        for (int i = 0; i < 3; i++)
            requests.Add(await cluster.Engine.NextAsync(cluster.Deadline));
        requests.Reverse();
        for (int i = 0; i < 3; i++)
        {
            Traces.DrawAll(requests[i], _ => true);
            await cluster.EventAsync(found => found.Kind == RolloutEventKind.GroupSealed && found.Prompt == (int)requests[i].PromptIndex);
        }

        await cluster.EndedAsync();
        Assert.Equal([0, 1, 2], cluster.Trainers.Batches.Single().Groups.Select(group => group.Ordinal));
    }

    [Fact]
    public async Task A_prompt_that_cannot_be_drawn_is_quarantined_and_replaced()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        uint? bad = null;
        cluster.Engine.Draw = request =>
        {
            lock (cluster)
            {
                bad ??= request.PromptIndex;
            }

            if (request.PromptIndex == bad)
                request.Observer.OnFailed("the prompt has 9 tokens, the context 8");
            else
                Traces.DrawAll(request, _ => true);
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1)));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((5, 4, 1), (status.Groups.Created, status.Groups.Consumed, status.Groups.Quarantined));
        Assert.Contains(4, cluster.Trainers.Batches.Single().Groups.Select(group => group.Ordinal));
    }

    [Fact]
    public async Task A_run_in_which_nothing_can_be_drawn_fails_with_words()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => request.Observer.OnFailed("weights do not load");
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, promptsPerStep: 1)));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal(RunState.Failed, status.State);
        Assert.Contains("quarantined", status.Reason, StringComparison.Ordinal);
        Assert.True(status.Groups.IsClosed);
    }

    [Fact]
    public async Task A_group_whose_entropies_are_no_numbers_is_unscorable_and_replaced()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        int drawn = 0;
        cluster.Engine.Draw = request =>
        {
            if (Interlocked.Increment(ref drawn) > 1)
            {
                Traces.DrawAll(request, _ => true);
                return;
            }

            foreach (RolloutSlot slot in request.Slots)
            {
                request.Observer.OnTokens(slot.Slot, [Traces.Token("a\n\n", 1), Traces.Token("b", float.NaN)]);
                request.Observer.OnEnd(slot.Slot, TraceEnd.Finished, Traces.Prompt);
            }
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, promptsPerStep: 1)));
        RunStatus status = await cluster.EndedAsync();
        Assert.Equal((2, 1, 1), (status.Groups.Created, status.Groups.Consumed, status.Groups.Unscorable));
    }

    [Fact]
    public async Task A_sealed_body_that_cannot_be_read_is_drawn_again_under_the_same_ordinal()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 1, promptsPerStep: 2)));
        RolloutRequest[] requests = [await cluster.Engine.NextAsync(cluster.Deadline), await cluster.Engine.NextAsync(cluster.Deadline)];
        Traces.DrawAll(requests[0], _ => true);
        RolloutEvent first = await cluster.EventAsync(found => found.Kind == RolloutEventKind.GroupSealed);
        File.Delete(Directory.GetFiles(Path.Combine(cluster.RunDirectory(), "groups"), "*.bin").Single());
        Traces.DrawAll(requests[1], _ => true);

        RolloutRequest again = await cluster.Engine.NextAsync(cluster.Deadline);
        Assert.Equal(first.Prompt, (int)again.PromptIndex);
        Assert.Equal(requests[0].Round, again.Round);
        Traces.DrawAll(again, _ => true);
        RunStatus status = await cluster.EndedAsync();
        Assert.Equal((2, 2), (status.Groups.Created, status.Groups.Consumed));
        Assert.Equal(2, (await cluster.Group(first.Ordinal).GetViewAsync()).Traces[0].Attempt);
    }

    [Fact]
    public async Task A_paused_run_deals_nothing_and_goes_on_when_resumed()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2, promptsPerStep: 1)));
        RolloutRequest request = await cluster.Engine.NextAsync(cluster.Deadline);
        await cluster.Run().PauseAsync("the operator wants to look");
        Traces.DrawAll(request, _ => true);
        await cluster.EventAsync(found => found.Kind == RolloutEventKind.StepCommitted);

        RunStatus paused = await cluster.Run().GetStatusAsync();
        Assert.Equal((RunState.Paused, 1, 1, 0), (paused.State, paused.Step, paused.Groups.Created, paused.Groups.Open));
        cluster.Engine.Draw = again => Traces.DrawAll(again, _ => true);
        await cluster.Run().ResumeAsync();
        Assert.Equal((RunState.Completed, 2), ((await cluster.EndedAsync()).State, (await cluster.Run().GetStatusAsync()).Step));
    }

    [Fact]
    public async Task A_step_that_is_being_trained_when_its_run_is_stopped_is_cancelled_and_not_committed()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        var reached = new TaskCompletionSource();
        var hold = new TaskCompletionSource();
        cluster.Trainers.Before = batch => batch.Step == 2 && reached.TrySetResult() ? hold.Task : Task.CompletedTask;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 3)));
        await reached.Task.WaitAsync(cluster.Deadline);

        await cluster.Run().StopAsync("enough");
        hold.SetResult();
        await cluster.Trainers.Disposed.Task.WaitAsync(cluster.Deadline);
        await cluster.UntilAsync(() => cluster.Group(7).GetViewAsync(), view => view.Phase == GroupPhase.Cancelled);
        LearnerPulse pulse = await cluster.Learner().TouchAsync([]);

        RunStatus status = await cluster.Run().GetStatusAsync();
        Assert.Equal((RunState.Completed, "enough", 1), (status.State, status.Reason, status.Step));
        Assert.Equal((8, 4, 4, 0), (status.Groups.Created, status.Groups.Consumed, status.Groups.Operator, status.Groups.Open));
        Assert.Equal((1, "enough"), (pulse.Step, pulse.Ended));
        Assert.Equal([1], cluster.Events().Where(found => found.Kind == RolloutEventKind.StepCommitted).Select(found => (int)found.Ordinal));
    }

    [Fact]
    public async Task A_step_that_is_being_written_when_its_run_is_stopped_stands()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        var stopped = new TaskCompletionSource<Task>();
        cluster.Trainers.Before = batch => batch.Step == 3 ? new TaskCompletionSource().Task : Task.CompletedTask;
        cluster.Storage.BeforeWrite = (name, _) =>
        {
            if (name == "learner" && cluster.Storage.WritesOf("learner") == 1)
                stopped.TrySetResult(cluster.Run().StopAsync("enough"));
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 3)));
        await (await stopped.Task.WaitAsync(cluster.Deadline)).WaitAsync(cluster.Deadline);

        RunStatus status = await cluster.Run().GetStatusAsync();
        Assert.Equal((RunState.Completed, 2, 0), (status.State, status.Step, status.Groups.Open));
        Assert.Equal(8, status.Groups.Consumed);
    }

    [Fact]
    public async Task A_run_whose_every_grain_went_away_goes_on_when_resumed()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2, groupSize: 2, promptsPerStep: 1)));
        RolloutRequest lost = await cluster.Engine.NextAsync(cluster.Deadline);
        lost.Observer.OnTokens(0, [Traces.Token("kept\n\n")]);
        await cluster.UntilAsync(() => Task.FromResult(cluster.Storage.WritesOf("group")), writes => writes >= 2);

        await EtrCluster.DeactivateAsync(cluster.Run());
        await EtrCluster.DeactivateAsync(cluster.Learner());
        await EtrCluster.DeactivateAsync(cluster.Grains.GetGrain<ISamplerPoolGrain>(0));
        await EtrCluster.DeactivateAsync(cluster.Group(0));
        await EtrCluster.DeactivateAsync(await SamplerAsync(cluster));
        await cluster.Run().ResumeAsync();

        RolloutRequest again = await cluster.Engine.NextAsync(cluster.Deadline);
        Assert.Equal("kept\n\n", Assert.Single(again.Slots.Single(slot => slot.Slot == 0).Prefix).Text);
        cluster.Engine.Draw = request => Traces.DrawAll(request, _ => true);
        foreach (RolloutSlot slot in again.Slots)
        {
            again.Observer.OnTokens(slot.Slot, [Traces.Token("answer=0.")]);
            again.Observer.OnEnd(slot.Slot, TraceEnd.Finished, Traces.Prompt);
        }

        RunStatus status = await cluster.EndedAsync();
        Assert.Equal((RunState.Completed, 2), (status.State, status.Step));
        Assert.True(status.Groups.IsClosed);
    }

    private static async Task<ISamplerGrain> SamplerAsync(EtrCluster cluster)
    {
        PoolStatus pool = await cluster.UntilAsync(() => cluster.Grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync(), status => status.Samplers.Count == 1);
        return cluster.Grains.GetGrain<ISamplerGrain>(pool.Samplers[0].Sampler);
    }

    [Fact]
    public async Task A_group_that_could_not_be_opened_is_as_if_nobody_had_tried()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();

        // The run cannot be asked for what it is, as while its silo dies.
        var spec = new GroupSpec { Run = "run", Ordinal = 0, Prompt = 3, Round = 0, PolicyVersion = 0, PolicyFile = "", PolicySha256 = "" };
        await Assert.ThrowsAsync<InvalidOperationException>(() => cluster.Group(0).OpenAsync(spec));
        Assert.Equal(GroupPhase.Unknown, (await cluster.Group(0).TouchAsync()).Phase);

        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, promptsPerStep: 2)));

        Assert.Equal(2, (await cluster.EndedAsync()).Groups.Consumed);
    }

    [Fact]
    public async Task A_group_whose_end_could_not_be_written_ends_once_it_can_be()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        int writes = 0;
        bool drawn = false;
        cluster.Engine.Draw = request =>
        {
            request.Observer.OnFailed("the prompt has 9 tokens, the context 8");
            Volatile.Write(ref drawn, true);
        };
        cluster.Storage.BeforeWrite = (name, _) =>
        {
            // After the first failed draw: the leases of the second, of the third, the end.
            if (name == "group" && Volatile.Read(ref drawn) && Interlocked.Increment(ref writes) == 3)
                throw new TimeoutException("The store does not answer.");
        };

        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, promptsPerStep: 1)));
        RunStatus status = await cluster.EndedAsync();
        await EtrCluster.DeactivateAsync(cluster.Group(0));

        Assert.Equal(RunState.Failed, status.State);
        Assert.Equal(GroupPhase.Cancelled, (await cluster.Group(0).GetViewAsync()).Phase);
    }

    [Fact]
    public async Task A_learner_that_reaches_nobody_for_a_while_is_no_reason_to_fail_the_run()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        int refused = 0;

        // As the store answers when it is away: of the run's writes one was for its start.
        cluster.Storage.BeforeWrite = (name, _) =>
        {
            if (name == "run" && cluster.Storage.WritesOf("learner") > 0 && Interlocked.Increment(ref refused) <= 12)
                throw new OrleansException("the store is away");
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2)));

        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 2), (status.State, status.Step));
        Assert.True(refused > 12);
    }
}
