using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rollouts;
using Etr.Core.Runs;

namespace Etr.Core.Tests.Groups;

public class TermStatisticsTests
{
    [Fact]
    public void Each_group_s_shares_count_alike()
    {
        // Correctness alone differs in the first group, by ±1; in the second trend by ±0.3 and length by ±0.1; in the third nothing does.
        IReadOnlyList<TermStatistics> terms = Measure("paper", [Paid(1, 0), Paid(-1, 0)], [Paid(1, 0.4, 0.1), Paid(1, -0.2, -0.1)], [Paid(1, 0), Paid(1, 0)]);

        Assert.Equal(["correctness", "trend", "length"], terms.Select(term => term.Name));
        Assert.Equal([0.5, 0.5 * 0.75, 0.5 * 0.25], terms.Select(term => Math.Round(term.Share, 9)));
    }

    [Fact]
    public void A_term_that_nobody_was_paid_by_is_none()
    {
        TermStatistics only = Assert.Single(Measure("outcome", [Paid(1, 0), Paid(-1, 0)]));
        Assert.Equal(("correctness", 1.0), (only.Name, only.Share));
    }

    [Fact]
    public void Where_no_group_differs_there_is_no_share() => Assert.True(double.IsNaN(Assert.Single(Measure("outcome", [Paid(1, 0), Paid(1, 0)])).Share));

    [Theory]
    [InlineData("guarded", "")]
    [InlineData("paper", "paper=1, overlong=0.5")]
    public void Neither_an_estimator_that_weighs_the_terms_itself_nor_a_mix_has_any(string shaper, string mix) =>
        Assert.Empty(Measure(new RewardOptions { Shaper = shaper, Mix = mix }, [[Paid(1, 0.1), Paid(-1, 0)]]));

    private static IReadOnlyList<TermStatistics> Measure(string shaper, params GroupTrace[][] groups) => Measure(new RewardOptions { Shaper = shaper }, groups);

    private static IReadOnlyList<TermStatistics> Measure(RewardOptions options, GroupTrace[][] groups)
    {
        GroupBody[] batch = [.. groups.Select((traces, ordinal) => new GroupBody(ordinal, 0, 0, 0, [1], traces))];
        return BatchStatistics.Of(batch, [.. batch.Select(group => new double[group.Traces.Count])], RewardPlan.Of(options)).Terms;
    }

    private static GroupTrace Paid(double correctness, double trend, double length = 0) =>
        new([new SampledToken(0, "x", -0.25f, 0.5f, 0.125f, false, 4)], Truncated: false, new Verdict(correctness > 0, "1", ""), new TracePayment(correctness + trend + length, trend, correctness, trend, 0));
}
