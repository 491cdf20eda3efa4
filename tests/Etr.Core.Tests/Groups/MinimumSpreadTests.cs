using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Runs;

namespace Etr.Core.Tests.Groups;

public class MinimumSpreadTests
{
    // One rise in the last step of 0.25 and of 0.27 nats: R = −0.25 and −0.27 under guarded, whose spread is 0.02/√2 = 0.0141.
    private static readonly float[][] Alike = [[1f, 0.5f, 0.75f], [1f, 0.5f, 0.77f]];

    [Theory]
    [InlineData(0.0, false)]
    [InlineData(0.014, false)]
    [InlineData(0.0143, true)]
    public async Task Below_the_minimum_the_trend_of_an_all_right_group_is_off(double minimum, bool off)
    {
        RewardPlan plan = PlanOf("guarded", minimum);
        GroupTrace[] scored = await ScoreAsync(plan, Right(Alike[0]), Right(Alike[1]));

        Assert.Equal(off, scored.All(trace => trace.Payment.Advantage == 0));
        Assert.Equal(off ? 1 : 0, Measure(plan, scored).TrendOff);
        Assert.Equal([-0.25, -0.27], scored.Select(trace => Math.Round(trace.Payment.Trend, 6)));
    }

    [Theory]
    [InlineData("guarded", "")]
    [InlineData("paper", "")]
    [InlineData("guarded", "group")]
    [InlineData("paper", "rloo")]
    public async Task A_mixed_group_keeps_the_advantages_of_correctness_alone(string shaper, string estimator)
    {
        RewardPlan plan = PlanOf(shaper, 1, estimator);
        GroupTrace[] scored = await ScoreAsync(plan, Right(Alike[0]), Wrong(0.1f, 3f), Right(Alike[1]));
        double[] outcome = plan.Estimator.Estimate([new ShapedReward(1, true), new ShapedReward(-1, false), new ShapedReward(1, true)]);

        for (int slot = 0; slot < 3; slot++)
            Assert.Equal(outcome[slot], scored[slot].Payment.Advantage, 12);
        Assert.Equal([1, -1, 1], scored.Select(trace => Math.Round(trace.Payment.Reward, 12)));
    }

    [Fact]
    public async Task What_the_shaper_alone_would_have_paid_stays_on_record()
    {
        RewardPlan plan = PlanOf("paper", 1);
        BatchStatistics statistics = Measure(plan, await ScoreAsync(plan, Right(Alike[0]), Right(Alike[1])));

        // R = 1.9·0.5 − 0.25 and 1.9·0.5 − 0.27, and λ is 0.005.
        Assert.Equal(1 + 0.005 * (1.9 * 0.5 - 0.26), statistics.Shapers[0].Reward!.Value, 6);
        Assert.Equal(1, statistics.Reward, 12);
    }

    [Fact]
    public async Task A_group_that_is_spread_wider_is_paid_as_without_a_minimum()
    {
        (bool, float[])[] group = [Right(1f, 0.5f, 0.5f), Wrong(1f, 2f), Right(1f, 0.5f, 1.5f)];

        Assert.Equal(
            (await ScoreAsync(PlanOf("guarded", 0), group)).Select(trace => trace.Payment),
            (await ScoreAsync(PlanOf("guarded", 0.5), group)).Select(trace => trace.Payment));
    }

    [Fact]
    public async Task An_estimator_that_waits_for_the_batch_sees_no_trend_either()
    {
        RewardPlan plan = PlanOf("paper", 1, "batch");
        GroupTrace[] scored = await ScoreAsync(plan, Right(Alike[0]), Right(Alike[1]));

        Assert.False(GroupFilter.HasSignal(scored, plan.Estimator));
        Assert.All(GroupScorer.Advantages([Body(scored), Body(scored)], plan).SelectMany(advantages => advantages), advantage => Assert.Equal(0, advantage));
    }

    [Theory]
    [InlineData("outcome")]
    [InlineData("lcpo-exact")]
    public async Task A_reward_that_does_not_pay_for_the_trend_has_none_to_switch_off(string shaper)
    {
        RewardPlan plan = PlanOf(shaper, 100);
        GroupTrace[] scored = await ScoreAsync(plan, Right(Alike[0]), Right(Alike[1]), Right(Alike[0].Append(0.5f).ToArray()));

        Assert.Equal((await ScoreAsync(PlanOf(shaper, 0), Right(Alike[0]), Right(Alike[1]), Right(Alike[0].Append(0.5f).ToArray()))).Select(trace => trace.Payment), scored.Select(trace => trace.Payment));
        Assert.Equal(0, Measure(plan, scored).TrendOff);
    }

    [Fact]
    public async Task One_right_trace_has_no_spread_to_judge()
    {
        RewardPlan plan = PlanOf("paper", 1);

        Assert.Equal(0, Measure(plan, await ScoreAsync(plan, Right(Alike[0]), Wrong(1f))).TrendOff);
    }

    private static (bool Right, float[] Steps) Right(params float[] steps) => (true, steps);

    private static (bool Right, float[] Steps) Wrong(params float[] steps) => (false, steps);

    private static RewardPlan PlanOf(string shaper, double minimum, string estimator = "") => RewardPlan.Of(new RunConfiguration
    {
        Reward = new RewardOptions { Shaper = shaper, Estimator = estimator },
        Guards = new GuardOptions { MinimumSpread = minimum },
    });

    private static async Task<GroupTrace[]> ScoreAsync(RewardPlan plan, params (bool Right, float[] Steps)[] traces) => await GroupScorer.ScoreAsync(
        [.. traces.Select(trace => Trace.Of([.. trace.Steps.Select((entropy, step) => new SampledToken(step, $"step {step}\n\n", -0.25f, entropy, 0.125f, false, 4))], truncated: false))],
        [.. traces.Select(trace => new Verdict(trace.Right, trace.Right ? "5" : null, "because"))],
        plan,
        GroupIdentity.None);

    private static BatchStatistics Measure(RewardPlan plan, GroupTrace[] scored) =>
        BatchStatistics.Of([Body(scored)], [[.. scored.Select(trace => trace.Payment.Advantage)]], plan);

    private static GroupBody Body(GroupTrace[] scored) => new(0, 0, 0, 0, [1], scored);
}
