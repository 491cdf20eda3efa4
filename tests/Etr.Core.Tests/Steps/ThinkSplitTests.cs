using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Steps;

namespace Etr.Core.Tests.Steps;

public sealed class ThinkSplitTests
{
    [Fact]
    public void The_parts_are_before_and_after_the_marker_and_it_counts_in_neither() =>
        AssertParts(.3, .6, ("a", .2), ("b", .4), ("</think>", 9), ("c", .5), ("", .7));

    [Fact]
    public void Without_the_marker_everything_is_thinking_and_the_answer_is_0() => AssertParts(.3, 0, ("a", .2), ("b </thin", .4));

    [Fact]
    public void Text_beside_the_marker_goes_with_its_token() => AssertParts(.2, .5, ("a", .2), ("so.</think>\n\nAs", 9), ("c", .5));

    [Fact]
    public void A_marker_spread_over_tokens_ends_with_the_one_that_completes_it() =>
        AssertParts(.3, .8, ("a", .2), ("<</", .3), ("think", .4), (">", 9), ("c", .8));

    [Fact]
    public void A_second_marker_is_part_of_the_answer() => AssertParts(.2, .4, ("a", .2), ("</think>", 9), ("</think>", .3), ("c", .5));

    [Fact]
    public void An_empty_part_is_0()
    {
        AssertParts(0, 0);
        AssertParts(0, 0, ("</think>", 9));
        AssertParts(0, .5, ("</think>", 9), ("a", .5));
    }

    private static void AssertParts(double think, double answer, params (string Text, double Entropy)[] tokens)
    {
        SampledToken[] sampled = [.. tokens.Select((token, i) => new SampledToken(i, token.Text, -1, (float)token.Entropy, .1f, false, 0))];
        var parts = ThinkSplit.Of(sampled);
        Close.AssertTo(think, parts.ThinkEntropy, 1e-6);
        Close.AssertTo(answer, parts.AnswerEntropy, 1e-6);

        // Both ways to a graded trace carry them.
        foreach (var trace in new[] { GradedTrace.Of(sampled, true, false), Trace.Of(sampled, false).Graded(true) })
            Assert.Equal((parts.ThinkEntropy, parts.AnswerEntropy), (trace.ThinkEntropy, trace.AnswerEntropy));
    }
}
