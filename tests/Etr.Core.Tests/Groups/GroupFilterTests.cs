using Etr.Core.Advantages;
using Etr.Core.Grading;
using Etr.Core.Groups;

namespace Etr.Core.Tests.Groups;

public sealed class GroupFilterTests
{
    [Fact]
    public void A_group_has_a_signal_where_any_advantage_is_not_zero()
    {
        Assert.True(GroupFilter.HasSignal([0, 1e-300, 0]));
        Assert.False(GroupFilter.HasSignal([0, -0.0, 0]));
        Assert.False(GroupFilter.HasSignal([]));
    }

    [Fact]
    public void An_all_right_group_with_a_trend_is_not_dropped()
    {
        IAdvantageEstimator estimator = AdvantageEstimators.Create("trend-normalized");
        double[] advantages = estimator.Estimate([new(1, true, -1), new(1, true, -2)]);
        Assert.True(GroupFilter.HasSignal([.. advantages.Select(advantage => TraceOf(1, advantage))], estimator));
    }

    [Fact]
    public void Under_an_estimator_that_scales_by_the_batch_the_rewards_say_it()
    {
        IAdvantageEstimator estimator = AdvantageEstimators.Create("batch");
        Assert.True(GroupFilter.HasSignal([TraceOf(1, 0), TraceOf(.5, 0)], estimator));
        Assert.False(GroupFilter.HasSignal([TraceOf(1, 0), TraceOf(1, 0)], estimator));
        Assert.False(GroupFilter.HasSignal([TraceOf(1, 0), TraceOf(0, 0) with { Unscorable = "why" }], estimator));
    }

    private static GroupTrace TraceOf(double reward, double advantage) => new([], false, new Verdict(true, null, ""), new TracePayment(reward, 0, 0, 0, advantage));
}
