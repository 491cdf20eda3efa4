using Etr.Core.Presets;
using Etr.Core.Rewards;
using Etr.Core.Statistics;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Statistics;

public sealed class StatisticsTests
{
    [Fact]
    public void Pearson_worked_by_hand()
    {
        // Residuals −1, 0, 1 and −1, 1, 0: 1/√(2·2).
        Close.AssertTo(.5, Correlation.Pearson([1, 2, 3], [4, 6, 5])!.Value, 1e-14);
        Close.AssertTo(-1, Correlation.Pearson([1, 2, 4], [3, 1, -3])!.Value, 1e-14);
    }

    [Fact]
    public void Spearman_shares_ranks_among_ties()
    {
        // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5/√(4.5·5).
        Close.AssertTo(Math.Sqrt(.9), Correlation.Spearman([1, 3, 3, 9], [10, 20, 30, 40])!.Value, 1e-14);
    }

    [Property]
    public bool Spearman_does_not_see_a_rising_transformation(byte[] values)
    {
        double[] numbers = [.. values.Select((_, i) => (double)i)];
        var plain = Correlation.Spearman(numbers, [.. values.Select(v => (double)v)]);
        var bent = Correlation.Spearman(numbers, [.. values.Select(v => Math.Exp(v / 40.0))]);
        return plain is null ? bent is null : Close.To(plain.Value, bent!.Value, 1e-12);
    }

    [Fact]
    public void Correlation_without_spread_is_undefined()
    {
        Assert.Null(Correlation.Pearson([1, 2], [3, 3]));
        Assert.Null(Correlation.Pearson([1], [3]));
        Assert.Null(Correlation.Pearson([], []));
        Assert.Null(Correlation.Spearman([5, 5, 5], [1, 2, 3]));
        Assert.Throws<ArgumentException>(() => Correlation.Pearson([1, 2], [1]));
        Assert.Throws<ArgumentException>(() => Correlation.Spearman([1, double.NaN], [1, 2]));
    }

    [Fact]
    public void Pooling_leaves_out_differences_between_groups()
    {
        // Within each group y falls as x rises; the groups' means alone would say the opposite.
        var pooled = new PooledCorrelation();
        pooled.AddGroup([0, 1], [1, 0]);
        pooled.AddGroup([100, 101], [101, 100]);
        pooled.AddGroup([7], [700]);
        Assert.Equal(-1, pooled.Value!.Value, 12);
        Assert.Equal(4, pooled.Pairs);
    }

    [Fact]
    public void Efficiency_score_worked_by_hand()
    {
        // Half the length, .8 → .84 right: .5 + 5 · .05.
        Close.AssertTo(.75, EfficiencyScore.Of(200, .8, 100, .84)!.Value, 1e-12);
        Assert.Equal(0, EfficiencyScore.Of(10, .5, 10, .5));
        Assert.Null(EfficiencyScore.Of(10, 0, 5, 1));
    }

    [Theory]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(5, 10, 0.2366, 0.7634)]
    [InlineData(81, 263, 0.2553, 0.3662)] // Newcombe 1998, table I
    [InlineData(15, 148, 0.0624, 0.1605)]
    public void Wilsons_interval_meets_published_values(long successes, long trials, double low, double high)
    {
        var interval = WilsonInterval.Of(successes, trials);
        Assert.Equal(low, interval.Low, 4);
        Assert.Equal(high, interval.High, 4);
    }

    [Fact]
    public void No_trial_tells_nothing() => Assert.Equal(new WilsonInterval(0, 1), WilsonInterval.Of(0, 0));

    [Fact]
    public void A_trace_is_described_once()
    {
        // Charging rises at γ = .9: S = −.2, then −.18; R = −.38. Symmetric: −.2, then −.18 + .5.
        double[] steps = [.6, .8, .3];
        var trace = new GradedTrace(true, steps, steps, TokenCount: 21, Truncated: true);
        var statistics = TraceStatistics.Of(trace, EtrPreset.Guarded, reward: .9);
        Assert.Equal(.9, statistics.Reward);
        Assert.Equal((true, 21, true, 3), (statistics.Correct, statistics.TokenCount, statistics.Truncated, statistics.StepCount));
        Assert.Equal((.6, .3), (statistics.FirstStepEntropy, statistics.LastStepEntropy));
        Close.AssertTo(-.38, statistics.Trend, 1e-12);
        Close.AssertTo(.12, statistics.SymmetricTrend, 1e-12);
        Close.AssertTo(1.9 * .2 + .5, statistics.Variation, 1e-12);
        Close.AssertTo(-.5, statistics.StepCorrelation!.Value, 1e-12);
    }

    [Fact]
    public void A_trace_without_steps_has_no_correlation()
    {
        var statistics = TraceStatistics.Of(new GradedTrace(false, default, default, 0), EtrPreset.Reference);
        Assert.Null(statistics.StepCorrelation);
        Assert.Equal((0, 0, 0), (statistics.StepCount, statistics.FirstStepEntropy, statistics.Trend));
    }

    [Fact]
    public void Groups_are_described_together()
    {
        TraceStatistics[] first = [Trace(true, trend: -1, length: 10), Trace(true, -3, 30), Trace(false, 9, 900)];
        TraceStatistics[] second = [Trace(true, -5, 4), Trace(true, -5.5, 9)];
        var together = GroupStatistics.OfMany([first, second]);
        Assert.Equal((5, 4), (together.Traces, together.Right));
        Assert.Equal(.8, together.Accuracy, 12);
        Assert.Equal(WilsonInterval.Of(4, 5), together.AccuracyInterval);
        Assert.Equal(190.6, together.Length, 12);

        // Residuals R ±1, ±.25 and length ∓10, ∓2.5: exactly opposed, the wrong trace left out.
        Assert.Equal(-1, together.TrendLengthCorrelation!.Value, 12);
        Assert.Null(GroupStatistics.Of([first[0], first[2]]).TrendLengthCorrelation);
    }

    [Fact]
    public void No_traces_are_described_without_a_number_made_up()
    {
        var none = GroupStatistics.Of([]);
        Assert.Equal((0, 0, 0), (none.Traces, none.Accuracy, none.Length));
        Assert.Null(none.TrendLengthCorrelation);
        Assert.Null(none.StepCorrelation);
    }

    [Fact]
    public void Reflections_are_whole_words_in_any_case() =>
        Assert.Equal(3, Reflections.Count("Wait, check 2)8-0=8 ok\n\nhmm waiting unchecked"));

    private static TraceStatistics Trace(bool correct, double trend, int length) =>
        new(0, correct, trend, 0, 0, 0, 0, 1, null, length, false);
}
