using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class FilterTests
{
    private static readonly Func<RunConfiguration, RunConfiguration> Outcome =
        configuration => configuration with { Reward = new RewardOptions { Shaper = "outcome" } };

    [Fact]
    public async Task A_group_without_signal_is_dropped_and_a_fresh_prompt_takes_its_place()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();

        // All right under outcome: nothing to learn. The prompts of ordinals 1 and 2 are such.
        var schedule = new PromptSchedule(5, 12);
        int[] dull = [schedule.PromptOf(1), schedule.PromptOf(2)];
        cluster.Engine.Draw = request => Traces.DrawAll(request, slot => dull.Contains((int)request.PromptIndex) || slot == 0);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1) with { Filter = "no-signal" }, change: Outcome));

        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((2, 4, 0), (status.Groups.Filtered, status.Groups.Consumed, status.LastStep!.ZeroAdvantage));
        Assert.Equal([0, 3, 4, 5], status.LastStep.Ordinals);
        Assert.True(status.Groups.IsClosed);
    }

    [Fact]
    public async Task Beyond_the_budget_groups_are_trained_on_as_they_are()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2) with { Filter = "no-signal", FilterBudget = 3 }, change: Outcome));

        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((RunState.Completed, 6, 8), (status.State, status.Groups.Filtered, status.Groups.Consumed));
        Assert.True(status.Groups.IsClosed);
    }

    [Fact]
    public async Task An_all_right_group_whose_trends_differ_has_signal()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = DrawWithRises;
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1) with { Filter = "no-signal" }));

        RunStatus status = await cluster.EndedAsync();

        Assert.Equal((0, 4), (status.Groups.Filtered, status.LastStep!.AllRight));
    }

    // Entropy rises by more in a later slot.
    private static void DrawWithRises(RolloutRequest request)
    {
        foreach (RolloutSlot slot in request.Slots)
        {
            request.Observer.OnTokens(slot.Slot,
            [
                Traces.Token("s0", 0.1f), Traces.Token("\n\n", 0.1f), Traces.Token("s1", 0.1f + slot.Slot), Traces.Token("\n\n", 0.1f),
                Traces.Token($"answer={Traces.Answer(request.Prompt, true)}.", 0.1f), Traces.Token("", 0, 0),
            ]);
            request.Observer.OnEnd(slot.Slot, TraceEnd.Finished, Traces.Prompt);
        }
    }
}
