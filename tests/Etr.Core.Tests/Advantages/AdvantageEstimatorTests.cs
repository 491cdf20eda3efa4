using System.Text.Json;
using Etr.Core.Advantages;
using Etr.Core.Rewards;
using Etr.Core.Tests.Rewards;
using Etr.Core.Tests.Trends;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Advantages;

public sealed class AdvantageEstimatorTests
{
    public static TheoryData<string> Names => [.. AdvantageEstimators.Names];

    [Fact]
    public void Rewards_0_1_2_worked_by_hand()
    {
        // Mean 1, std 1 (n − 1).
        AssertAdvantages([-1 / 1.000001, 0, 1 / 1.000001], "group", 0, 1, 2);
        AssertAdvantages([-1, 0, 1], "center", 0, 1, 2);
        AssertAdvantages([-1.5, 0, 1.5], "rloo", 0, 1, 2);
    }

    [Fact]
    public void Batch_centers_on_the_group_and_scales_by_the_batch()
    {
        // r = 0, 2 | 3, 3: batch mean 2, squares 4 + 0 + 1 + 1, std √2.
        var estimator = AdvantageEstimators.Create("batch");
        var advantages = new double[4];
        estimator.Estimate([Wrong(0), Wrong(2), Wrong(3), Wrong(3)], [2, 2], advantages);
        var scale = 1 / (Math.Sqrt(2) + 1e-6);
        AssertClose([-scale, scale, 0, 0], advantages);
        Assert.True(estimator.NeedsBatch);
    }

    [Fact]
    public void Trend_normalized_worked_by_hand_in_a_mixed_group()
    {
        // Correctness 1, 1, 0: mean 2/3, std 1/√3; from wrong to right it is √3, and a fifth of that, .346, is below .4.
        // R = 1, 0 among the right: mean .5, std 1/√2, z_c = ±.5/(1/√2 + .05).
        var advantages = Estimate("trend-normalized", Right(1), Right(0), Wrong(0, trend: 100));
        var std = Math.Sqrt(1 / 3.0) + 1e-6;
        var weight = 1 / std / 5;
        var z = .5 / (Math.Sqrt(.5) + .05);
        AssertClose([(1 / 3.0 / std) + weight * z, (1 / 3.0 / std) - weight * z, -2 / 3.0 / std], advantages);
    }

    [Fact]
    public void Trend_normalized_keeps_the_trend_in_an_all_right_group()
    {
        var advantages = Estimate("trend-normalized", Right(1), Right(0));
        var z = .5 / (Math.Sqrt(.5) + .05);
        AssertClose([.4 * z, -.4 * z], advantages);
    }

    [Fact]
    public void Trend_normalized_has_no_trend_term_for_a_lonely_right_trace() =>
        Assert.Equal(Estimate("trend-normalized", Right(-9), Wrong(0, 3)), Estimate("trend-normalized", Right(9), Wrong(0, -3)));

    [Fact]
    public void Trend_normalized_clips_an_outlier_at_two()
    {
        ShapedReward[] group = [.. Enumerable.Range(0, 15).Select(_ => Right(0)), Right(1000)];
        Assert.Equal(.8, Estimate("trend-normalized", group)[^1], 12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void No_spread_and_a_single_trace_give_exact_zeros(string name)
    {
        Assert.Equal([0, 0, 0], Estimate(name, Right(.7, .7), Right(.7, .7), Right(.7, .7 + 1e-12)));
        Assert.Equal([0, 0], Estimate(name, Wrong(-1, 5), Wrong(-1, -5)));
        Assert.Equal([0], Estimate(name, Right(3)));
        Assert.Empty(Estimate(name));
    }

    [Fact]
    public void Trend_normalized_leaves_a_spread_of_noise_noise()
    {
        var noise = Estimate("trend-normalized", Right(-.2), Right(-.2 + 1e-5), Right(-.2), Right(-.2 + 1e-5));
        Assert.All(noise, a => Assert.InRange(Math.Abs(a), 1e-9, 1e-3));

        // The same noise in r itself becomes a full-size advantage under plain standardisation.
        Assert.True(Estimate("group", Right(0, 1), Right(0, 1.00001))[1] > .5);
    }

    [Property(MaxTest = 500)]
    public bool Trend_normalized_puts_every_right_trace_above_every_wrong_one(byte[] seeds, byte weight)
    {
        var group = Group(seeds);
        var estimator = AdvantageEstimators.Create("trend-normalized", new AdvantageOptions { Weight = weight });
        var advantages = estimator.Estimate(group);
        var right = Enumerable.Range(0, group.Length).Where(i => group[i].Correct).Select(i => advantages[i]);
        var wrong = Enumerable.Range(0, group.Length).Where(i => !group[i].Correct).Select(i => advantages[i]).ToArray();
        return wrong.Length == 0 || right.All(r => r > wrong.Max());
    }

    [Fact]
    public void Trend_normalized_takes_an_overlong_charge_as_it_is()
    {
        // All right and no trend: the charge alone, less its mean, neither divided by its spread nor weighed.
        AssertClose([.01, -.01], Estimate("trend-normalized", Right(0), Right(0).Charged(-.02)));

        // Mixed: correctness 1, 0 is ±1/√2; half their distance √½ scales charges of 0 and −1, whose mean is −.5.
        var z = .5 / (Math.Sqrt(.5) + 1e-6);
        AssertClose([z - z / 2, -z + z / 2], Estimate("trend-normalized", Right(0).Charged(-1), Wrong(-1)));
        Assert.Equal([0], Estimate("trend-normalized", Right(0).Charged(-1)));
    }

    [Property(MaxTest = 500)]
    public bool Trend_normalized_puts_right_above_wrong_whatever_overlong_traces_are_charged(byte[] seeds, byte[] charges, byte weight)
    {
        ShapedReward[] group = [.. Group(seeds).Select((reward, i) => reward.Charged(charges.Length == 0 ? 0 : -charges[i % charges.Length] / 255.0))];
        var advantages = AdvantageEstimators.Create("trend-normalized", new AdvantageOptions { Weight = weight }).Estimate(group);
        var right = Enumerable.Range(0, group.Length).Where(i => group[i].Correct).Select(i => advantages[i]);
        var wrong = Enumerable.Range(0, group.Length).Where(i => !group[i].Correct).Select(i => advantages[i]).ToArray();
        return wrong.Length == 0 || right.All(r => r > wrong.Max());
    }

    [Property]
    public bool Order_within_a_group_does_not_matter(byte[] seeds)
    {
        var group = Group(seeds);
        return AdvantageEstimators.Names.All(name =>
        {
            var forward = Estimate(name, group);
            var backward = Estimate(name, [.. group.Reverse()]);
            return forward.Zip(backward.Reverse()).All(pair => Close.To(pair.First, pair.Second, 1e-9));
        });
    }

    [Property]
    public bool Groups_of_a_batch_do_not_touch_each_other(byte[] first, byte[] second)
    {
        var (a, b) = (Group(first), Group(second));
        return AdvantageEstimators.Names.Where(name => name != "batch").All(name =>
        {
            var together = new double[a.Length + b.Length];
            AdvantageEstimators.Create(name).Estimate([.. a, .. b], [a.Length, b.Length], together);
            return together.SequenceEqual([.. Estimate(name, a), .. Estimate(name, b)]);
        });
    }

    [Property]
    public bool Under_outcome_advantages_are_independent_of_every_entropy(bool[] verdicts, byte[] some, byte[] others)
    {
        GradedTrace[] group = [.. verdicts.Select((c, i) => RewardShaperTests.Trace(c, EntropyTrendTests.Entropies([.. some.Skip(i)])))];
        GradedTrace[] other = [.. verdicts.Select((c, i) => RewardShaperTests.Trace(c, EntropyTrendTests.Entropies([.. others.Skip(i)])))];
        var shaper = RewardShapers.Create("outcome");
        return AdvantageEstimators.Names.All(name =>
            Estimate(name, [.. shaper.Shape(group, GroupIdentity.None)]).SequenceEqual(Estimate(name, [.. shaper.Shape(other, GroupIdentity.None)])));
    }

    [Fact]
    public void Guarded_and_its_noise_control_go_with_trend_normalized_and_every_other_shaper_with_group()
    {
        Assert.Equal("trend-normalized", AdvantageEstimators.DefaultFor("guarded"));
        Assert.Equal("trend-normalized", AdvantageEstimators.DefaultFor("random"));
        foreach (var shaper in RewardShapers.Names.Where(name => name is not ("guarded" or "random")))
            Assert.Equal("group", AdvantageEstimators.DefaultFor(shaper));
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        Assert.Throws<ArgumentException>(() => AdvantageEstimators.Create("x"));
        Assert.Throws<ArgumentOutOfRangeException>(() => AdvantageEstimators.Create("group", new AdvantageOptions { Epsilon = -1 }));
        Assert.Throws<ArgumentException>(() => Estimate("group", Right(0, double.NaN), Right(0, 1)));
        Assert.Throws<ArgumentException>(() => Estimate("trend-normalized", Right(double.NaN), Right(0)));
        Assert.Throws<ArgumentException>(() => AdvantageEstimators.Create("group").Estimate([Right(0)], [2], new double[1]));
    }

    [Fact]
    public void Known_advantages_are_met()
    {
        var cases = 0;
        foreach (var row in SharedData.RequireJson("grpo_numerics.json").EnumerateArray())
        {
            if (row.GetProperty("kind").GetString() == "overlong")
            {
                var penalty = OverlongPenalty.Of(row.GetProperty("length").GetInt32(), row.GetProperty("maxLength").GetInt32(), row.GetProperty("buffer").GetInt32());
                Close.AssertTo(row.GetProperty("expected").GetDouble(), penalty);
            }
            else if (row.GetProperty("kind").GetString() == "advantage")
            {
                AssertRow(row);
                cases++;
            }
        }

        Assert.True(cases > 0);
    }

    private static void AssertRow(JsonElement row)
    {
        var options = new AdvantageOptions
        {
            Epsilon = Optional("epsilon", 1e-6),
            TrendEpsilon = Optional("trendEpsilon", .05),
            Weight = Optional("weight", .4),
        };
        ShapedReward[] group = row.TryGetProperty("rewards", out var rewards)
            ? [.. rewards.EnumerateArray().Select(r => Wrong(r.GetDouble()))]
            : [.. row.GetProperty("correct").EnumerateArray().Zip(row.GetProperty("trend").EnumerateArray(), (c, r) => new ShapedReward(0, c.GetBoolean(), r.GetDouble()))];
        AssertClose(SharedData.Doubles(row.GetProperty("expected")), AdvantageEstimators.Create(row.GetProperty("estimator").GetString()!, options).Estimate(group));

        double Optional(string key, double otherwise) => row.TryGetProperty(key, out var value) ? value.GetDouble() : otherwise;
    }

    private static ShapedReward Right(double trend, double reward = 1) => new(reward, true, trend);

    private static ShapedReward Wrong(double reward, double trend = 0) => new(reward, false, trend);

    private static ShapedReward[] Group(byte[] seeds) => [.. seeds.Select(s => new ShapedReward(s % 5, s % 3 > 0, -s / 20.0))];

    private static double[] Estimate(string name, params ShapedReward[] group) => AdvantageEstimators.Create(name).Estimate(group);

    private static void AssertAdvantages(double[] expected, string name, params double[] rewards) =>
        AssertClose(expected, Estimate(name, [.. rewards.Select(r => Wrong(r))]));

    private static void AssertClose(double[] expected, double[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            Close.AssertTo(expected[i], actual[i]);
    }
}
