using Etr.Core.Presets;
using Etr.Core.Rewards;
using Etr.Core.Tests.Trends;
using Etr.Core.Trends;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Rewards;

/// <summary>Each shaper against numbers worked out by hand, and the order it promises.</summary>
public sealed class ShaperNumbersTests
{
    // λ = 0.1, γ = 0.5; H = .6, .8, .3: drops −.2 and .5, w = 1.5 and 1; mean 1.7/3.
    private static readonly EtrPreset Preset = EtrPreset.Guarded with { Trend = new TrendOptions(1, 1, .5), Lambda = .1 };
    private static readonly double[] Steps = [.6, .8, .3];
    private static readonly double[] Others = [.9, .1, .7];

    private static readonly string[] Separating = ["guarded", "outcome", "random", "kimi-length", "max-entropy"];
    private static readonly string[] CappedAt1 = ["pear", "lcpo-max"];

    [Theory]
    [InlineData("telescoped", 1.03, -1)] // .1·(.6 − .3)
    [InlineData("min-entropy", 1 - .17 / 3, -1)]
    [InlineData("max-entropy", 1 + .17 / 3, -1)]
    [InlineData("ungated", .02, .02)] // R = −.3 + .5
    [InlineData("variation-only", 1 - .08, -1)] // .3 + .5
    [InlineData("paper", 1.02, -1)]
    [InlineData("guarded", 1.02, -1)]
    [InlineData("outcome", 1, -1)]
    public void Shapers_that_look_at_steps(string shaper, double right, double wrong)
    {
        var rewards = Shape(shaper, RewardShaperTests.Trace(true, Steps), RewardShaperTests.Trace(false, Steps));
        Close.AssertTo(right, rewards[0].Reward, 1e-12);
        Close.AssertTo(wrong, rewards[1].Reward, 1e-12);
    }

    [Fact]
    public void Shapers_that_say_they_ignore_entropies_do_and_the_others_do_not()
    {
        foreach (string shaper in RewardShapers.Names)
        {
            GradedTrace[] one = [RewardShaperTests.Trace(true, Steps) with { ThinkEntropy = 1, AnswerEntropy = .2 }, RewardShaperTests.Trace(true, [.1, .2, .4]), RewardShaperTests.Trace(false, [1, 2, 3])];
            GradedTrace[] other = [.. one.Select(trace => trace with { StepEntropies = Others, ReferenceStepEntropies = Others, ThinkEntropy = .9, AnswerEntropy = .4 })];
            IRewardShaper made = RewardShapers.Create(shaper, shaper == "reference" ? null : Preset, RewardShaperTests.Constants);
            bool same = made.Shape(one, GroupIdentity.None).SequenceEqual(made.Shape(other, GroupIdentity.None));
            Assert.True(same == RewardShapers.IgnoresEntropy(shaper), shaper);
        }
    }

    [Theory]
    [InlineData("telescoped", 1, -1)]
    [InlineData("min-entropy", 1, -1)]
    [InlineData("max-entropy", 1, -1)]
    [InlineData("ungated", 0, 0)]
    [InlineData("variation-only", 1, -1)]
    [InlineData("pear", 1, 0)]
    [InlineData("paper", 1, -1)]
    [InlineData("guarded", 1, -1)]
    public void A_trace_without_a_step_has_no_entropy_to_be_paid_for(string shaper, double right, double wrong)
    {
        var rewards = Shape(shaper, RewardShaperTests.Trace(true, []), RewardShaperTests.Trace(false, []));
        Assert.Equal([right, wrong], rewards.Select(reward => reward.Reward));
    }

    [Theory]
    [InlineData(.5, .2, .7)]
    [InlineData(.2, .5, 1)] // never above 1
    [InlineData(.5, 0, .5)] // no </think>
    [InlineData(3, 0, -2)] // no floor
    public void Pear_charges_what_thinking_is_less_certain_than_the_answer(double think, double answer, double expected)
    {
        var trace = RewardShaperTests.Trace(true, Steps) with { ThinkEntropy = think, AnswerEntropy = answer };
        var rewards = Shape("pear", trace, trace with { Correct = false });
        Close.AssertTo(expected, rewards[0].Reward, 1e-12);
        Assert.Equal(0, rewards[1].Reward);
    }

    [Theory]
    [InlineData(40, 1, 0, .5)]
    [InlineData(140, .97, -.03, .47)]
    [InlineData(20, .994, -.006, .506)]
    [InlineData(4040, -.2, -1.2, 0)] // 1.2 off: .5 − 1.2 is below 0
    public void Lcpo_pays_by_the_distance_to_the_budget(int tokens, double exactRight, double exactWrong, double maxRight)
    {
        var (right, wrong) = (RewardShaperTests.Trace(true, Steps, tokens), RewardShaperTests.Trace(false, Steps, tokens));
        Close.AssertTo(exactRight, Shape("lcpo-exact", right)[0].Reward, 1e-12);
        Close.AssertTo(exactWrong, Shape("lcpo-exact", wrong)[0].Reward, 1e-12);
        Close.AssertTo(maxRight, Shape("lcpo-max", right)[0].Reward, 1e-12);
        Assert.Equal(0, Shape("lcpo-max", wrong)[0].Reward);
    }

    [Fact]
    public void Lcpo_max_stops_paying_at_1()
    {
        var constants = new ShaperConstants { Budget = 5000 };
        Assert.Equal(1, RewardShapers.Create("lcpo-max", Preset, constants).Shape([RewardShaperTests.Trace(true, [], 10)], GroupIdentity.None)[0].Reward);
    }

    [Theory]
    [InlineData(true, 50, 1)] // 50/50 − 1 + 2(1 − .5)
    [InlineData(true, 100, .5)]
    [InlineData(false, 100, -1.5)]
    [InlineData(false, 20, .5)] // a short wrong answer ties with a long right one
    public void O1_pruner_compares_with_the_reference_policy(bool correct, int tokens, double expected) =>
        Close.AssertTo(expected, Shape("o1-pruner", RewardShaperTests.Trace(correct, Steps, tokens))[0].Reward, 1e-12);

    [Fact]
    public void Kimi_length_worked_by_hand()
    {
        // Lengths 20, 30, 60: λ_len = .5, .25, −.5.
        var rewards = Shape(
            "kimi-length",
            RewardShaperTests.Trace(true, Steps, 20), RewardShaperTests.Trace(true, Steps, 30), RewardShaperTests.Trace(true, Steps, 60),
            RewardShaperTests.Trace(false, Steps, 20), RewardShaperTests.Trace(false, Steps, 60));
        double[] expected = [1.5, 1.25, .5, -1, -1.5];
        Assert.Equal(expected, rewards.Select(reward => Math.Round(reward.Reward, 12)));

        Assert.Equal([1, -1], Shape("kimi-length", RewardShaperTests.Trace(true, Steps, 9), RewardShaperTests.Trace(false, Steps, 9)).Select(reward => reward.Reward));
    }

    [Theory]
    [InlineData(60, 0)]
    [InlineData(70, -.25)]
    [InlineData(120, -1)]
    public void Overlong_pays_the_penalty_alone_right_or_wrong(int tokens, double expected)
    {
        var shaper = RewardShapers.Create("overlong", Preset, new ShaperConstants { OverlongLength = 100, OverlongBuffer = 40 });
        var rewards = shaper.Shape([RewardShaperTests.Trace(true, Steps, tokens), RewardShaperTests.Trace(false, Steps, tokens)], GroupIdentity.None);
        Assert.All(rewards, reward => Close.AssertTo(expected, reward.Reward, 1e-12));
    }

    [Fact]
    public void Random_is_the_same_for_the_same_trace_of_a_run_and_looks_at_nothing_else()
    {
        var identity = new GroupIdentity(7, 3, 2, "p");
        GradedTrace[] group = [.. Enumerable.Range(0, 8).Select(slot => RewardShaperTests.Trace(true, Steps) with { Slot = slot })];
        double[] first = Trends(group, identity);
        Assert.Equal(first, Trends([.. group.Select(trace => trace with { StepEntropies = new[] { 9.0, 1 }, TokenCount = 99 })], identity with { PromptId = "q" }));
        Assert.Equal(8, first.Distinct().Count());

        // Left out of the group, a trace takes no other's number with it.
        Assert.Equal([.. first.Skip(3)], Trends([.. group.Skip(3)], identity));
        Assert.Empty(first.Intersect(Trends(group, identity with { Seed = 8 })));
        Assert.Empty(first.Intersect(Trends(group, identity with { Round = 3 })));
        Assert.Empty(first.Intersect(Trends(group, identity with { Prompt = 4 })));
    }

    [Fact]
    public void Randoms_numbers_are_standard_normal()
    {
        double[] numbers = [.. Enumerable.Range(0, 500).SelectMany(prompt =>
            Trends([.. Enumerable.Range(0, 8).Select(slot => RewardShaperTests.Trace(true, Steps) with { Slot = slot })], new GroupIdentity(1, prompt, 0, "")))];

        // 4,000 draws of a fixed seed: the mean's standard error is .016, the variance's .022.
        Assert.Equal(0, numbers.Average(), .06);
        Assert.Equal(1, numbers.Average(number => number * number), .1);
        Assert.Equal(.317, numbers.Count(number => Math.Abs(number) > 1) / 4000.0, .03);
    }

    [Property(MaxTest = 300)]
    public bool Every_right_trace_is_above_every_wrong_one_where_that_is_promised(bool[] verdicts, byte[] steps, ushort[] lengths) =>
        Separating.All(name =>
        {
            var rewards = Shape(name, [.. Group(verdicts, steps, lengths)]);
            var wrong = rewards.Where(reward => !reward.Correct).Select(reward => reward.Reward).DefaultIfEmpty(double.NegativeInfinity).Max();
            return rewards.Where(reward => reward.Correct).All(reward => reward.Reward > wrong);
        });

    [Property]
    public bool Kimi_lengths_rewards_stay_within_half_of_the_verdict(bool[] verdicts, ushort[] lengths)
    {
        var rewards = Shape("kimi-length", [.. Group(verdicts, [], lengths)]);
        return rewards.All(reward => reward.Correct ? reward.Reward is >= .5 and <= 1.5 : reward.Reward is >= -1.5 and <= -1);
    }

    [Property]
    public bool Pear_and_lcpo_max_never_pay_more_than_1(bool[] verdicts, byte[] steps, ushort[] lengths) =>
        CappedAt1.All(name => Shape(name, [.. Group(verdicts, steps, lengths)]).All(reward => reward.Reward <= 1));

    [Property]
    public bool Under_guarded_an_inserted_step_never_raises_what_a_right_trace_is_paid(byte[] steps, byte inserted, byte at)
    {
        var before = EntropyTrendTests.Entropies(steps).ToList();
        List<double> after = [.. before];
        after.Insert(at % (before.Count + 1), inserted / 50.0);
        var shaper = RewardShapers.Create("guarded");
        ShapedReward Paid(List<double> trace) => shaper.Shape([RewardShaperTests.Trace(true, [.. trace])], GroupIdentity.None)[0];
        return Paid(after).Reward <= Paid(before).Reward + 1e-12 && Paid(after).Trend <= Paid(before).Trend + 1e-9;
    }

    internal static IEnumerable<GradedTrace> Group(bool[] verdicts, byte[] steps, ushort[] lengths) => verdicts.Prepend(true).Select((correct, i) =>
        RewardShaperTests.Trace(correct, EntropyTrendTests.Entropies([.. steps.Skip(i)]), 1 + (lengths.Length == 0 ? 0 : lengths[i % lengths.Length])) with
        {
            Slot = i,
            ThinkEntropy = steps.Length / 10.0,
        });

    internal static IReadOnlyList<ShapedReward> Shape(string shaper, params GradedTrace[] group) =>
        RewardShapers.Create(shaper, Preset, RewardShaperTests.Constants).Shape(group, GroupIdentity.None);

    private static double[] Trends(GradedTrace[] group, GroupIdentity identity) =>
        [.. RewardShapers.Create("random").Shape(group, identity).Select(reward => reward.Trend)];
}
