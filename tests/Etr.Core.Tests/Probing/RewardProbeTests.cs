using Etr.Core.Probing;
using Etr.Core.Rewards;
using Etr.Core.Runs;
using Etr.Core.Statistics;

namespace Etr.Core.Tests.Probing;

public class RewardProbeTests
{
    // A policy made to hack: an uncertain opening, then confident repetition; the longer, the higher the paper's trend.
    private static readonly ProbedGroup[] Hacker = Groups(opening: 1.5, repeated: 0.05);

    // One whose every step after a certain opening is uncertain: the longer, the lower.
    private static readonly ProbedGroup[] Waverer = Groups(opening: 0.05, repeated: 0.6);

    [Fact]
    public async Task Paying_for_falls_pays_a_hacker_for_length()
    {
        RewardProbe probe = await ProbeAsync("paper", Hacker);

        Assert.InRange(probe.RewardLength!.Value, 0.9, 1);
        Assert.Equal(1, probe.InsertionRaises);
        Assert.StartsWith("pays for longer chains: inserting confident steps raises it", probe.Verdict, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Under_guarded_no_inserted_step_raises_the_reward(bool hacker) =>
        Assert.Equal(0, (await ProbeAsync("guarded", hacker ? Hacker : Waverer)).InsertionRaises);

    [Fact]
    public async Task A_reward_whose_trend_falls_with_length_shortens()
    {
        RewardProbe probe = await ProbeAsync("paper", Waverer);

        Assert.InRange(probe.RewardLength!.Value, -1, -0.9);
        Assert.StartsWith("pays for shorter chains", probe.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outcome_pays_right_traces_alike_and_has_no_signal_where_all_are_right()
    {
        RewardProbe probe = await ProbeAsync("outcome", Hacker);

        Assert.Null(probe.RewardLength);
        Assert.Equal((0.0, null), (probe.Signal, probe.Inverted));
        Assert.Contains("little to learn from", probe.Verdict, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reward_without_the_gate_ranks_right_traces_below_a_wrong_one()
    {
        ProbedGroup mixed = Waverer[0] with { Traces = [.. Waverer[0].Traces.Select((trace, i) => i == 0 ? trace with { Correct = false } : trace)] };

        Assert.Equal(1, (await ProbeAsync("ungated", [mixed])).Inverted);
        Assert.Equal(0, (await ProbeAsync("guarded", [mixed])).Inverted);
    }

    [Fact]
    public async Task The_right_traces_it_keeps_are_those_that_r_is_over()
    {
        // A lonely right trace has no part in r.
        ProbedGroup lonely = Waverer[0] with { Traces = [Waverer[0].Traces[0], Waverer[0].Traces[1] with { Correct = false }] };
        RewardProbe probe = await ProbeAsync("paper", [Waverer[0], Hacker[1], lonely]);

        Assert.Equal(8, probe.Right.Count);
        Assert.Equal(probe.RewardLength!.Value, Correlation.Pearson([.. probe.Right.Select(trace => trace.Length)], [.. probe.Right.Select(trace => trace.Reward)])!.Value, 12);
        Assert.Equal(0, probe.Right.Sum(trace => trace.Reward), 12);
    }

    [Fact]
    public async Task Below_the_minimum_spread_the_trend_pays_no_length()
    {
        RewardPlan plan = RewardPlan.Of(new RunConfiguration { Reward = new RewardOptions { Shaper = "paper" }, Guards = new GuardOptions { MinimumSpread = 99 } });

        Assert.Equal((null, 0.0), ((await RewardProbe.OfAsync(Hacker, plan)).RewardLength, (await RewardProbe.OfAsync(Hacker, plan)).Signal));
    }

    private static Task<RewardProbe> ProbeAsync(string shaper, IReadOnlyList<ProbedGroup> groups) =>
        RewardProbe.OfAsync(groups, RewardPlan.Of(new RewardOptions { Shaper = shaper }));

    private static ProbedGroup[] Groups(double opening, double repeated) =>
    [
        .. Enumerable.Range(0, 3).Select(prompt => new ProbedGroup(new GroupIdentity(1, prompt, 0, $"{prompt}"),
        [
            .. Enumerable.Range(0, 4).Select(slot => new GradedTrace(true, Steps(opening, repeated, slot + 2), Steps(opening, repeated, slot + 2), 5 * (slot + 3)) { Slot = slot }),
        ])),
    ];

    private static double[] Steps(double opening, double repeated, int count) => [opening, .. Enumerable.Repeat(repeated, count)];
}
