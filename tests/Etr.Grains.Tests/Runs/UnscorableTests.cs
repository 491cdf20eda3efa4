using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

/// <summary>What a shaper or grader of the user's own does to a run when it fails.</summary>
public class UnscorableTests
{
    private static readonly string Assembly = Path.Combine(AppContext.BaseDirectory, "extension", "Etr.SampleExtension.dll");

    [Fact]
    public async Task A_trace_that_cannot_be_paid_is_masked_and_counted_and_the_run_goes_on()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1), change: configuration => configuration with { Reward = Shaper("NotANumberShaper") }));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 4L, 0L), (status.State, status.Groups.Consumed, status.Groups.Unscorable));
        Assert.All(cluster.Trainers.Batches.Single().Groups, group =>
        {
            Assert.Equal([false, true, false], group.Traces.Select(trace => trace.Masked));
            Assert.Equal([false, true, false], group.Traces.Select(trace => trace.Advantage == 0));
        });

        // Slot k has k + 1 steps of two tokens and an answer of four; the shaper pays a token 1. Slot 1 counts nowhere.
        StepSummary step = (await cluster.Run().GetStepsAsync(1)).Single();
        Assert.Equal((4, 8.0, 8.0), (step.Unscorable, step.Length, step.Reward));
        Assert.Equal(new ShaperSummary("type:Etr.SampleExtension.NotANumberShaper", 1, 8, 1), Rounded(Assert.Single(step.Shapers)) with { Spread = 0 });
        StepManifest? manifest = await StepManifest.ReadAsync(Path.Combine(cluster.RunDirectory(), "steps"), 1, cluster.Deadline);
        Assert.Equal(step.Shapers, manifest!.Summary.Shapers);

        GroupView view = await cluster.Group(0).GetViewAsync();
        Assert.Contains("not a finite number", view.Traces[1].VerdictReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trace_that_cannot_be_graded_is_neither_right_nor_wrong()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request =>
        {
            foreach (RolloutSlot slot in request.Slots)
            {
                request.Observer.OnTokens(slot.Slot, [Traces.Token(slot.Slot == 2 ? "throw" : "so "), Traces.Token(Traces.Answer(request.Prompt, slot.Slot == 0))]);
                request.Observer.OnEnd(slot.Slot, TraceEnd.Finished, Traces.Prompt);
            }
        };
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1), change: configuration => configuration with
        {
            Task = configuration.Task with { Grader = "type:Etr.SampleExtension.EndingGrader", GraderAssembly = Assembly },
        }));
        await cluster.EndedAsync();

        StepSummary step = (await cluster.Run().GetStepsAsync(1)).Single();
        Assert.Equal((4, .5, 4), (step.Unscorable, step.Accuracy, step.Mixed));
        Assert.All(cluster.Trainers.Batches.Single().Groups, group => Assert.Equal([false, false, true], group.Traces.Select(trace => trace.Masked)));
        TraceView trace = (await cluster.Group(0).GetViewAsync()).Traces[2];
        Assert.Equal(-1, trace.Verdict);
        Assert.Contains("FormatException", trace.VerdictReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shaper_that_hangs_costs_its_groups_and_nothing_else()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        RunOptions shape = EtrCluster.Shape(steps: 2) with { ExtensionDeadline = 0.3, ExtensionAbandoned = 64 };
        await cluster.Run().StartAsync(cluster.StartOf(shape, change: configuration => configuration with { Reward = Shaper("HangingShaper") }));
        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 2, 8L), (status.State, status.Step, status.Groups.Consumed));
        Assert.True(status.Groups.IsClosed && status.Groups.Unscorable > 0);
    }

    [Fact]
    public async Task Monitors_are_measured_beside_the_reward_that_is_paid()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(
            EtrCluster.Shape(steps: 1), change: configuration => configuration with { Reward = new RewardOptions { Mix = "outcome=1, kimi-length=0" } }));
        await cluster.EndedAsync();

        // All right, 6, 8 and 10 tokens: ±1 without spread, and 1 + .5, 1, 1 − .5 for the lengths.
        StepSummary step = (await cluster.Run().GetStepsAsync(1)).Single();
        Assert.Equal([new ShaperSummary("outcome", 1, 1, double.NaN), new ShaperSummary("kimi-length", 0, 1, -1) { Spread = Math.Round(Math.Sqrt(0.5 / 3), 9) }], step.Shapers.Select(Rounded));
        Assert.Equal((1.0, 4), (step.Reward, step.ZeroAdvantage));
    }

    private static ShaperSummary Rounded(ShaperSummary shaper) => shaper with
    {
        LengthCorrelation = Math.Round(shaper.LengthCorrelation, 9),
        Spread = Math.Round(shaper.Spread, 9),
    };

    private static RewardOptions Shaper(string name) => new() { Shaper = $"type:Etr.SampleExtension.{name}", Assembly = Assembly };
}
