using Etr.Core.Training;
using Etr.Policy.Training;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

public sealed class StepPlanTests
{
    [Fact]
    public void Traces_are_packed_longest_first_with_padding_counted()
    {
        // A prompt of 2 tokens: traces of 9, 5, 5, 2 and 1 tokens are seen as 10, 6, 6, 3 and 2.
        StepPlan plan = Plan(20, Group(1, 5, 1, 9), Group(2, 2, 5));
        Assert.Equal(
            [[(1L, 2), (1L, 0)], [(2L, 1), (2L, 0), (1L, 1)]],
            plan.MicroBatches.Select(batch => batch.Select(trace => (trace.Ordinal, trace.Slot)).ToArray()));
        Assert.Equal(27, plan.InputTokens);
    }

    [Fact]
    public void Arrival_order_changes_nothing_not_even_among_traces_of_one_length()
    {
        TrainingGroup[] groups = [Group(4, 3, 3), Group(2, 3, 3), Group(9, 3, 3)];
        Assert.Equal(Rows(Plan(8, groups)), Rows(Plan(8, [groups[2], groups[0], groups[1]])));
        Assert.Equal([(2L, 0), (2L, 1), (4L, 0), (4L, 1), (9L, 0), (9L, 1)], Rows(Plan(8, groups)));
    }

    [Fact]
    public void A_trace_longer_than_the_budget_is_a_micro_batch_of_its_own()
    {
        StepPlan plan = Plan(16, Group(1, 40, 3, 40));
        Assert.Equal([1, 1, 1], plan.MicroBatches.Select(batch => batch.Count));
    }

    [Fact]
    public void Where_no_trace_pulls_all_but_the_masked_are_passed_through()
    {
        TrainingGroup silent = Group(1, 3, 4, 5);
        TrainingGroup quiet = silent with
        {
            Traces = [.. silent.Traces.Select((trace, slot) => trace with { Advantage = 0.0, Masked = slot == 2 })],
        };
        Assert.Equal([(1L, 1), (1L, 0)], Rows(Plan(100, quiet)));
    }

    [Fact]
    public void A_step_of_masked_traces_alone_has_nothing_to_pass_through()
    {
        TrainingGroup group = Group(1, 3);
        Assert.Empty(Plan(100, group with { Traces = [group.Traces[0] with { Masked = true }] }).MicroBatches);
    }

    [Fact]
    public void A_micro_batch_predicts_each_response_token_from_the_position_before_it()
    {
        TrainingGroup group = new(1, [5, 6], [Trace(0.5, 7, 8, 9), Trace(-1.0, 4)]);
        using DisposeScope scope = torch.NewDisposeScope();
        MicroBatch batch = MicroBatch.Of(Plan(100, group).MicroBatches.Single(), torch.ScalarType.Float32, torch.CPU);
        Assert.Equal([2, 4], batch.Ids.shape);
        Assert.Equal([5, 6, 7, 8, 5, 6, 0, 0], batch.Ids.data<long>().ToArray());
        Assert.Equal([1, 2, 3, 5], batch.Positions.data<long>().ToArray());
        Assert.Equal([7, 8, 9, 4], batch.Targets.data<long>().ToArray());
        Assert.Equal([0.5f, 0.5f, 0.5f, -1.0f], batch.Advantages.data<float>().ToArray());
        Assert.Equal([0.25f, 0.25f, 0.25f, 0.25f], batch.Weights.data<float>().ToArray());
    }

    private static StepPlan Plan(int budget, params TrainingGroup[] groups) =>
        StepPlan.Of(new TrainingBatch(1, groups), new TrainingOptions { Aggregation = "token-mean", MicroBatchTokens = budget }, 13, 64);

    private static (long Ordinal, int Slot)[] Rows(StepPlan plan) =>
        [.. plan.MicroBatches.SelectMany(batch => batch.Select(trace => (trace.Ordinal, trace.Slot)))];

    private static TrainingGroup Group(long ordinal, params int[] lengths) =>
        new(ordinal, [1, 2], [.. lengths.Select(length => Trace(1.0, new int[length]))]);

    private static TrainingTrace Trace(double advantage, params int[] tokens) =>
        new(tokens, new float[tokens.Length], advantage, Masked: false);
}
