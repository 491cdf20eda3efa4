using System.Collections.Concurrent;
using System.Diagnostics;
using Etr.Core.Rollouts;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;
using Etr.Grains.Tracing;

namespace Etr.Grains.Tests.Tracing;

/// <summary>What is traced of a run. A listener hears the whole process, so each test's run has a name of its own.</summary>
public class TracingTests
{
    [Fact]
    public async Task A_group_is_one_trace_from_its_prompt_to_its_seal_with_a_span_for_each_lease()
    {
        using var spans = new Listening("traced");
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run("traced").StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1), "traced"));
        await cluster.EndedAsync("traced");
        await spans.UntilAsync(cluster, EtrTracing.SlotLease, 12);

        // Four groups of three slots.
        foreach (long ordinal in (long[])[0, 1, 2, 3])
        {
            Activity[] group = [.. spans.All.Where(span => Equals(span.GetTagItem("etr.group"), ordinal))];
            Assert.Single(group.Select(span => span.TraceId).Distinct());
            Assert.Equal(
                [EtrTracing.GroupDeal, EtrTracing.GroupOpen, EtrTracing.GroupSeal, EtrTracing.PromptOpen, EtrTracing.SlotLease, EtrTracing.SlotLease, EtrTracing.SlotLease],
                group.Select(span => span.OperationName).Order(StringComparer.Ordinal));
            Activity open = group.Single(span => span.OperationName == EtrTracing.GroupOpen);
            Activity[] leases = [.. group.Where(span => span.OperationName == EtrTracing.SlotLease)];
            Activity seal = group.Single(span => span.OperationName == EtrTracing.GroupSeal);
            Assert.All([.. leases, seal], span => Assert.Equal(open.SpanId, span.ParentSpanId));
            Assert.Equal([0, 1, 2], leases.Select(span => (int)span.GetTagItem("etr.slot")!).Order());
            Assert.Equal([6, 8, 10], leases.Select(span => (int)span.GetTagItem("etr.tokens")!).Order());
            Assert.All(leases, span => Assert.Equal("finished", span.GetTagItem("etr.end")));
            Assert.Equal(leases.Select(span => span.SpanId).ToHashSet(), seal.Links.Select(link => link.Context.SpanId).ToHashSet());
        }
    }

    [Fact]
    public async Task A_step_is_a_trace_of_its_own_that_links_to_the_groups_and_leases_it_used()
    {
        using var spans = new Listening("linked");
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run("linked").StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2), "linked"));
        await cluster.EndedAsync("linked");
        await spans.UntilAsync(cluster, EtrTracing.LearnerStep, 2);
        await spans.UntilAsync(cluster, EtrTracing.SlotLease, 24);

        foreach (int step in (int[])[1, 2])
        {
            Activity span = spans.All.Single(found => found.OperationName == EtrTracing.LearnerStep && Equals(found.GetTagItem("etr.step"), step));
            StepSummary summary = (await cluster.Run("linked").GetStepsAsync(step))[0];
            Activity[] used = [.. spans.All.Where(found => found.OperationName is EtrTracing.GroupSeal or EtrTracing.SlotLease && summary.Ordinals.Contains((long)found.GetTagItem("etr.group")!))];

            Assert.Equal(default, span.ParentSpanId);
            Assert.Equal(4 + 12, used.Length);
            Assert.Equal(used.Select(found => found.SpanId).ToHashSet(), span.Links.Select(link => link.Context.SpanId).ToHashSet());
        }
    }

    [Fact]
    public async Task The_context_outlives_the_group_s_grain()
    {
        using var spans = new Listening("carried");
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run("carried").StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, promptsPerStep: 1), "carried"));
        RolloutRequest request = await cluster.Engine.NextAsync(cluster.Deadline);
        await EtrCluster.DeactivateAsync(cluster.Group(0, "carried"));
        Traces.DrawAll(request, _ => true);
        await cluster.EndedAsync("carried");
        await spans.UntilAsync(cluster, EtrTracing.GroupSeal, 1);

        Assert.Single(spans.All.Where(span => Equals(span.GetTagItem("etr.group"), 0L)).Select(span => span.TraceId).Distinct());
    }

    /// <summary>The spans of one run.</summary>
    private sealed class Listening : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = [];
        private readonly ActivityListener _listener;

        public Listening(string run)
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => source.Name is EtrTracing.SourceName or "Microsoft.Orleans.Application",
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = span =>
                {
                    if (Equals(span.GetTagItem("etr.run"), run))
                        _ended.Enqueue(span);
                },
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public Activity[] All => [.. _ended];

        /// <summary>A run has ended before its last lease's span has: that waits for the group's answer.</summary>
        public Task<int> UntilAsync(EtrCluster cluster, string name, int count) =>
            cluster.UntilAsync(() => Task.FromResult(All.Count(span => span.OperationName == name)), found => found >= count);

        public void Dispose() => _listener.Dispose();
    }
}
