using Etr.Core.Steps;
using Etr.Core.Trends;
using FsCheck;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Trends;

public sealed class EntropyTrendTests
{
    [Fact]
    public void No_step_and_a_single_step_have_no_trend()
    {
        Assert.Equal(0, Recursion([], TrendOptions.Paper));
        Assert.Equal(0, Recursion([.37], TrendOptions.Paper));
        Assert.Equal(0, EntropyTrend.Of([], TrendOptions.Paper));
        Assert.Equal(0, EntropyTrend.Of([.37], TrendOptions.Paper));
    }

    [Fact]
    public void A_trend_worked_by_hand()
    {
        // Drops −.2 and .5 at γ = .5: S = −.2, then −.1 + .5 = .4; R = .2. Charging rises alone: −.2, −.1; R = −.3.
        double[] entropies = [.6, .8, .3];
        Close.AssertTo(.2, Recursion(entropies, new(1, 1, .5)), 1e-14);
        Close.AssertTo(-.3, Recursion(entropies, new(0, 1, .5)), 1e-14);
        Close.AssertTo(.2, EntropyTrend.Symmetric(entropies, .5), 1e-14);
        Close.AssertTo(.8, EntropyTrend.Variation(entropies, .5), 1e-14); // 1.5 · .2 + 1 · .5
    }

    [Fact]
    public void Momentum_one_counts_each_drop_for_every_step_after_it()
    {
        // Weights 3, 2, 1 on drops .1, .2, −.3.
        Close.AssertTo(.2 * 2 + .1 * 3 - .3, EntropyTrend.Of([1, .9, .7, 1], new(1, 1, 1)), 1e-13);
    }

    [Property]
    public bool The_closed_form_equals_the_recursion(byte[] steps, byte alpha, byte beta, byte gamma)
    {
        var options = Options(alpha, beta, gamma);
        var entropies = Entropies(steps);
        return Close.To(EntropyTrend.Of(entropies, options), Recursion(entropies, options), 1e-10);
    }

    [Property]
    public bool The_trend_is_its_symmetric_part_less_the_variation(byte[] steps, byte alpha, byte beta, byte gamma)
    {
        var options = Options(alpha, beta, gamma);
        var entropies = Entropies(steps);
        var parts = (options.Alpha + options.Beta) / 2 * EntropyTrend.Symmetric(entropies, options.Gamma)
            - (options.Beta - options.Alpha) / 2 * EntropyTrend.Variation(entropies, options.Gamma);
        return Close.To(EntropyTrend.Of(entropies, options), parts, 1e-10);
    }

    [Property]
    public bool The_symmetric_trend_is_the_recent_weighted_fall_below_the_first_step(byte[] steps, byte gamma)
    {
        var entropies = Entropies(steps);
        var g = gamma / 255.0;
        var fall = 0.0;
        for (var t = 1; t < entropies.Length; t++)
            fall += Math.Pow(g, entropies.Length - 1 - t) * (entropies[0] - entropies[t]);
        return Close.To(fall, EntropyTrend.Symmetric(entropies, g), 1e-10);
    }

    [Property(MaxTest = 2000)]
    public bool Charging_rises_alone_an_inserted_step_never_raises_the_trend(byte[] steps, byte at, byte inserted, byte beta, byte gamma)
    {
        var options = Options(0, beta, gamma);
        var entropies = Entropies(steps).ToList();
        var before = Recursion([.. entropies], options);
        entropies.Insert(at % (entropies.Count + 1), inserted / 50.0);
        return Recursion([.. entropies], options) <= before + 1e-9;
    }

    [Property]
    public bool Charging_rises_alone_the_trend_is_never_positive(byte[] steps, byte beta, byte gamma) =>
        Recursion(Entropies(steps), Options(0, beta, gamma)) <= 0;

    [Fact]
    public void The_papers_form_pays_for_an_inserted_confident_step()
    {
        double[] plain = [1, .5];
        double[] padded = [1, 0, .5];
        Assert.True(Recursion(padded, TrendOptions.Paper) > Recursion(plain, TrendOptions.Paper));
        Assert.True(Recursion(padded, TrendOptions.Guarded) < Recursion(plain, TrendOptions.Guarded));
    }

    [Fact]
    public void Adding_allocates_nothing()
    {
        var trend = new TrendAccumulator(TrendOptions.Guarded);
        trend.Add(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
            trend.Add(i % 7);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(10_001, trend.Count);
    }

    [Fact]
    public void A_copy_is_a_snapshot()
    {
        var trend = new TrendAccumulator(TrendOptions.Paper);
        trend.Add(1);
        var tried = trend;
        tried.Add(.25);
        Assert.Equal(.75, tried.Value);
        Assert.Equal(0, trend.Value);
    }

    [Theory]
    [InlineData(-1, 1, .9)]
    [InlineData(1, double.NaN, .9)]
    [InlineData(1, double.PositiveInfinity, .9)]
    [InlineData(1, 1, 1.01)]
    [InlineData(1, 1, -.01)]
    public void Constants_out_of_range_are_refused(double alpha, double beta, double gamma) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrendAccumulator(new(alpha, beta, gamma)));

    [Fact]
    public void Known_trends_are_met()
    {
        var cases = 0;
        foreach (var row in SharedData.RequireJson("trend_reward_vectors.json").EnumerateArray())
        {
            var entropies = SharedData.Doubles(row.GetProperty("step_entropy"));
            Close.AssertTo(row.GetProperty("trend_paper").GetDouble(), Recursion(entropies, TrendOptions.Paper));
            Close.AssertTo(row.GetProperty("trend_guarded").GetDouble(), Recursion(entropies, TrendOptions.Guarded));
            var trimmed = ReferenceSteps.TrimTrailingZeros(entropies);
            Close.AssertTo(row.GetProperty("trend_reference").GetDouble(), Recursion(trimmed, TrendOptions.Reference));
            cases++;
        }

        Assert.True(cases > 0);
    }

    internal static double[] Entropies(byte[] steps) => [.. steps.Select(s => s / 50.0)];

    private static TrendOptions Options(byte alpha, byte beta, byte gamma) => new(alpha / 64.0, beta / 64.0, gamma / 255.0);

    private static double Recursion(ReadOnlySpan<double> entropies, TrendOptions options)
    {
        var trend = new TrendAccumulator(options);
        trend.AddRange(entropies);
        return trend.Value;
    }
}
