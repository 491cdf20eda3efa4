using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Feed;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class StalenessTests
{
    private static RunOptions Shape(string mode, int staleness, int steps, int promptsPerStep) =>
        EtrCluster.Shape(steps, promptsPerStep: promptsPerStep) with { Mode = mode, Staleness = staleness };

    [Fact]
    public async Task While_a_step_is_trained_async_draws_the_groups_of_the_next()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        var training = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Trainers.Before = _ => training.Task;
        await cluster.Run().StartAsync(cluster.StartOf(Shape("async", staleness: 1, steps: 2, promptsPerStep: 2)));

        for (long ordinal = 0; ordinal < 4; ordinal++)
            await cluster.EventAsync(found => found.Kind == RolloutEventKind.GroupSealed && found.Ordinal == ordinal);
        Assert.Equal(0, (await cluster.Run().GetStatusAsync()).Step);

        training.SetResult();
        RunStatus status = await cluster.EndedAsync();
        IReadOnlyList<StepSummary> steps = await cluster.Run().GetStepsAsync(1);
        Assert.Equal([0L, 1L], steps.Select(step => step.StalenessMaximum));
        Assert.All(steps, step => Assert.Equal(step.SampledTokens, step.StalenessCounts.Sum()));
        Assert.Equal([1, 2], steps.Select(step => step.StalenessCounts.Length));
        Assert.Equal((4, 4), (status.Groups.Created, status.Groups.Consumed));
    }

    [Fact]
    public async Task Sync_opens_nothing_before_the_step_is_committed()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(Shape("sync", staleness: 5, steps: 3, promptsPerStep: 2)));

        RunStatus status = await cluster.EndedAsync();

        Assert.All(await cluster.Run().GetStepsAsync(1), step => Assert.Equal(0, step.StalenessMaximum));
        Assert.Equal(6, status.Groups.Created);
    }

    [Theory]
    [InlineData("async", 1)]
    [InlineData("async", 3)]
    [InlineData("in-flight", 2)]
    public async Task No_token_is_older_than_the_bound_and_no_group_is_lost(string mode, int staleness)
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(Shape(mode, staleness, steps: 8, promptsPerStep: 2)));

        RunStatus status = await cluster.EndedAsync();

        Assert.Equal(RunState.Completed, status.State);
        Assert.True(status.Groups.IsClosed);
        Assert.Equal(16, status.Groups.Consumed + status.Groups.Stale);
        Assert.All(await cluster.Run().GetStepsAsync(1), step => Assert.InRange(step.StalenessMaximum, 0, staleness));
    }

    [Fact]
    public async Task A_commit_switches_a_trace_in_flight_and_keeps_what_was_drawn()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(Shape("in-flight", staleness: 1, steps: 2, promptsPerStep: 1) with { GroupSize = 2 }));
        RolloutRequest[] opened = [await cluster.Engine.NextAsync(cluster.Deadline), await cluster.Engine.NextAsync(cluster.Deadline)];
        Assert.All(opened, request => Assert.Equal(0, request.Policy.Version));
        int first = Array.FindIndex(opened, request => request.PromptIndex == (uint)FirstPrompt());
        RolloutRequest partial = opened[1 - first];
        SampledToken[] step = Traces.Steps(Traces.Answer(partial.Prompt, true), 2)[0];
        partial.Observer.OnTokens(1, step);
        await cluster.EventAsync(found => found is { Kind: RolloutEventKind.StepSampled, Ordinal: 1, Slot: 1 });

        Traces.DrawAll(opened[first], _ => true);
        RolloutRequest switched = await cluster.Engine.NextAsync(cluster.Deadline);

        Assert.True(partial.Cancellation.IsCancellationRequested);
        Assert.Equal((1, partial.PromptIndex, partial.Round), (switched.Policy.Version, switched.PromptIndex, switched.Round));
        Assert.Equal(step, switched.Slots.Single(slot => slot.Slot == 1).Prefix);
        Traces.DrawAll(switched, _ => true);
        await cluster.EndedAsync();
        StepSummary last = (await cluster.Run().GetStepsAsync(2)).Single();
        Assert.Equal(1, last.StalenessMaximum);

        // Two tokens of fourteen are the older policy's: of eight in slot 1 and six in slot 0.
        Assert.Equal(2 / 14.0, last.Staleness, 1e-12);
    }

    [Fact]
    public async Task Async_leaves_a_trace_with_the_policy_it_began_with()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(Shape("async", staleness: 1, steps: 2, promptsPerStep: 1) with { GroupSize = 1 }));
        RolloutRequest[] opened = [await cluster.Engine.NextAsync(cluster.Deadline), await cluster.Engine.NextAsync(cluster.Deadline)];
        int first = Array.FindIndex(opened, request => request.PromptIndex == (uint)FirstPrompt());

        Traces.DrawAll(opened[first], _ => true);
        await cluster.EventAsync(found => found.Kind == RolloutEventKind.StepCommitted);

        Assert.False(opened[1 - first].Cancellation.IsCancellationRequested);
        Traces.DrawAll(opened[1 - first], _ => true);
        Assert.Equal(2, (await cluster.EndedAsync()).Step);
    }

    // The prompt of the group with the lowest ordinal, whose requests may come second.
    private static int FirstPrompt() => new Core.Tasks.PromptSchedule(5, 12).PromptOf(0);
}
