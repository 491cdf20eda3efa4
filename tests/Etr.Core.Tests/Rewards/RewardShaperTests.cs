using Etr.Core.Presets;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Tests.Trends;
using Etr.Core.Trends;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Rewards;

public sealed class RewardShaperTests
{
    internal static readonly ShaperConstants Constants = new() { References = ReferenceFigures.Everywhere(new ReferenceFigure(50, .5)) };

    public static TheoryData<string> Names => [.. RewardShapers.Names];

    [Fact]
    public void The_reward_worked_by_hand()
    {
        // Drops −.2 and .5 at γ = .5: R = .2 under α = β = 1, so r = 1 + .1 · .2.
        var preset = EtrPreset.Paper with { Trend = new TrendOptions(1, 1, .5), Lambda = .1 };
        double[] steps = [.6, .8, .3];
        Close.AssertTo(1.02, EntropyTrendReward.Of(true, steps, preset).Reward, 1e-14);
        Assert.Equal(-1, EntropyTrendReward.Of(false, steps, preset).Reward);

        // α = 0: R = −.3, of which the symmetric half pays .1 and the variation of .8 costs .4.
        var charged = EntropyTrendReward.Of(true, steps, preset with { Trend = new TrendOptions(0, 1, .5) });
        Close.AssertTo(-.3, charged.Trend, 1e-14);
        Close.AssertTo(.01, charged.TrendTerm, 1e-14);
        Close.AssertTo(-.04, charged.VariationTerm, 1e-14);
        Close.AssertTo(.97, charged.Reward, 1e-14);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_terms_sum_to_the_reward(string shaper)
    {
        double[] noisy = [.. Enumerable.Range(0, 400).Select(i => i % 2 * 3.0)];
        foreach (var correct in new[] { true, false })
        {
            foreach (var steps in new double[][] { [], [.4], [.5, .2, .4], noisy })
            {
                var reward = Shape(shaper, Trace(correct, steps));
                Close.AssertTo(reward.Reward, reward.CorrectnessTerm + reward.TrendTerm + reward.VariationTerm + reward.LengthTerm);
            }
        }
    }

    [Property]
    public bool Under_guarded_a_wrong_trace_is_below_every_right_one(byte[] right, byte[] wrong) =>
        Shape("guarded", Trace(false, EntropyTrendTests.Entropies(wrong))).Reward
        < Shape("guarded", Trace(true, EntropyTrendTests.Entropies(right))).Reward;

    [Fact]
    public void The_papers_reward_has_no_floor()
    {
        double[] noisy = [.. Enumerable.Range(0, 800).Select(i => i % 2 * 3.0)];
        Assert.True(Shape("reference", Trace(true, noisy)).Reward < -1);
        Assert.Equal(.5, Shape("guarded", Trace(true, noisy)).Reward, 12);
    }

    [Theory]
    [InlineData(new double[0])]
    [InlineData(new[] { 0.0, 0, 0 })]
    public void The_reference_pays_0_where_no_step_is_left_right_or_wrong(double[] steps)
    {
        Assert.Equal(0, Shape("reference", Trace(true, steps)).Reward);
        Assert.Equal(0, Shape("reference", Trace(false, steps)).Reward);
    }

    [Fact]
    public void The_reference_reads_the_arg_max_steps_and_the_others_the_sampled_text()
    {
        double[] byText = [.5, .9];
        double[] byArgMax = [.3, .1, 0];
        var trace = new GradedTrace(true, byText, byArgMax, TokenCount: 12);
        Close.AssertTo(.4 * .2, Shape("reference", trace).Trend, 1e-14);
        Close.AssertTo(-.4, Shape("guarded", trace).Trend, 1e-14);
        Close.AssertTo(-.4, Shape("paper", trace).Trend, 1e-14);
    }

    [Fact]
    public void Outcome_pays_the_verdict_alone()
    {
        Assert.Equal(new ShapedReward(1, true) { CorrectnessTerm = 1 }, Shape("outcome", Trace(true, [.1, .9])));
        Assert.Equal(new ShapedReward(-1, false) { CorrectnessTerm = -1 }, Shape("outcome", Trace(false, [.9, .1])));
    }

    [Fact]
    public void A_configured_preset_replaces_the_shapers_own()
    {
        var shaper = RewardShapers.Create("paper", EtrPreset.Paper with { Lambda = 1 });
        Close.AssertTo(1.4, shaper.Shape([Trace(true, [.9, .5])], GroupIdentity.None)[0].Reward, 1e-14);
    }

    [Fact]
    public void Shapers_are_found_by_name_and_an_unknown_one_lists_them()
    {
        foreach (var name in RewardShapers.Names)
            Assert.Equal(name, RewardShapers.Create(name.ToUpperInvariant(), constants: Constants).Name);
        Assert.Contains("guarded, paper, reference, outcome, telescoped", Assert.Throws<ArgumentException>(() => RewardShapers.Create("x")).Message, StringComparison.Ordinal);
        Assert.Same(EtrPreset.Reference, RewardShapers.PresetOf("reference"));
    }

    [Fact]
    public void A_trace_is_measured_from_its_tokens()
    {
        // Two steps by the text; the arg-max cuts after the first token alone.
        SampledToken[] tokens =
        [
            new(1, "a", -1, .2f, .5f, true, 0),
            new(2, "\n\n", -1, .6f, .1f, false, 0),
            new(3, "b", -1, 1f, .1f, false, 0),
            new(0, "", -1, 0f, .1f, false, 0),
        ];
        var trace = GradedTrace.Of(tokens, correct: true, truncated: false);
        Close.AssertTo(.4, trace.StepEntropies.Span[0], 1e-6);
        Close.AssertTo(.5, trace.StepEntropies.Span[1], 1e-6);
        Assert.Equal([.5], trace.ReferenceStepEntropies.ToArray());
        Assert.Equal(4, trace.TokenCount);
    }

    [Fact]
    public void Known_rewards_are_met()
    {
        foreach (var row in SharedData.RequireJson("trend_reward_vectors.json").EnumerateArray())
        {
            var trace = Trace(row.GetProperty("correct").GetBoolean(), SharedData.Doubles(row.GetProperty("step_entropy")));
            Close.AssertTo(row.GetProperty("reward_paper_lambda_0.005").GetDouble(), Shape("paper", trace).Reward);
            Close.AssertTo(row.GetProperty("reward_reference").GetDouble(), Shape("reference", trace).Reward);
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(60, 0)]
    [InlineData(70, -.25)]
    [InlineData(100, -1)]
    [InlineData(101, -1)]
    public void The_overlong_penalty_falls_in_a_line(int length, double expected) =>
        Assert.Equal(expected, OverlongPenalty.Of(length, maxLength: 100, buffer: 40), 12);

    [Fact]
    public void The_overlong_penalty_without_a_buffer_is_a_cliff()
    {
        Assert.Equal(0, OverlongPenalty.Of(100, 100, 0));
        Assert.Equal(-1, OverlongPenalty.Of(101, 100, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => OverlongPenalty.Of(1, 10, 11));
    }

    internal static GradedTrace Trace(bool correct, double[] steps, int tokens = 10) => new(correct, steps, steps, tokens);

    private static ShapedReward Shape(string shaper, GradedTrace trace) => Assert.Single(RewardShapers.Create(shaper, constants: Constants).Shape([trace], GroupIdentity.None));
}
