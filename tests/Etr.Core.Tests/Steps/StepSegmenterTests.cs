using Etr.Core.Steps;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Steps;

public sealed class StepSegmenterTests
{
    [Fact]
    public void A_delimiter_inside_one_token_ends_the_step() => AssertEnds([2, 3], "a", ".\n\n", "b");

    [Fact]
    public void A_delimiter_may_span_two_tokens() => AssertEnds([2, 3], "a\n", "\n", "b");

    [Fact]
    public void Text_after_the_delimiter_stays_with_its_step() => AssertEnds([1, 3], "a\n\nb", "c", "d");

    [Fact]
    public void A_single_newline_ends_nothing() => AssertEnds([3], "a\n", "b", "\nc");

    [Fact]
    public void A_delimiter_must_begin_after_the_boundary() => AssertEnds([1, 3], "a\n\n", "\nb", "c");

    [Fact]
    public void The_third_newline_of_a_token_is_used_up_with_it() => AssertEnds([1, 3], "a\n\n\n", "\nb", "c");

    [Fact]
    public void White_space_alone_joins_the_step_before() => AssertEnds([3, 4], "a\n\n", " ", "\n\n", "b");

    [Fact]
    public void White_space_alone_at_the_end_joins_the_step_before() => AssertEnds([3], "a\n\n", " ", "\n");

    [Fact]
    public void White_space_before_text_belongs_to_the_text() => AssertEnds([1, 4], "a\n\n", " ", "\n", "b");

    [Fact]
    public void Leading_white_space_opens_the_first_step() => AssertEnds([2, 3], "\n\n", "a\n\n", "b");

    [Fact]
    public void White_space_alone_is_one_step() => AssertEnds([2], "\n\n", " ");

    [Fact]
    public void End_of_sequence_belongs_to_the_tail() => AssertEnds([1, 3], "a\n\n", "b", "");

    [Fact]
    public void End_of_sequence_after_a_boundary_belongs_to_the_last_step() => AssertEnds([2], "a\n\n", "");

    [Fact]
    public void No_tokens_are_no_steps() => AssertEnds([]);

    [Fact]
    public void Append_tells_what_each_token_did()
    {
        var segmenter = new StepSegmenter();
        Assert.Equal(StepBoundary.None, segmenter.Append("a"));
        Assert.Equal(StepBoundary.Ended, segmenter.Append("\n\n"));
        Assert.Equal(StepBoundary.Joined, segmenter.Append(" \n\n"));
        Assert.True(segmenter.IsBlank);
        Assert.Equal(StepBoundary.None, segmenter.Append("b"));
        Assert.False(segmenter.IsBlank);
        Assert.Equal(2, segmenter.Count);
    }

    [Property]
    public bool Every_token_is_in_exactly_one_step(byte[] choices)
    {
        var texts = Texts(choices);
        var ends = StepSegmenter.Ends(texts);
        var rises = ends.Zip(ends.Skip(1)).All(pair => pair.First < pair.Second);
        return texts.Length == 0 ? ends.Length == 0 : rises && ends[0] > 0 && ends[^1] == texts.Length;
    }

    [Property]
    public bool Each_step_but_a_lonely_one_has_text(byte[] choices)
    {
        var texts = Texts(choices);
        var ends = StepSegmenter.Ends(texts);
        var start = 0;
        foreach (var end in ends)
        {
            if (ends.Length > 1 && string.IsNullOrWhiteSpace(string.Concat(texts[start..end])))
                return false;
            start = end;
        }

        return true;
    }

    [Property]
    public bool Streaming_hands_out_the_same_step_entropies_as_the_batch(byte[] choices)
    {
        var texts = Texts(choices);
        var entropies = choices.Select(c => c / 64.0).ToArray();
        var accumulator = new StepEntropyAccumulator();
        var streamed = new List<double>();
        for (var i = 0; i < texts.Length; i++)
        {
            if (accumulator.Add(texts[i], entropies[i], out var step))
                streamed.Add(step);
        }

        if (accumulator.Complete(out var last))
            streamed.Add(last);
        return streamed.SequenceEqual(StepEntropies.Of(texts, entropies));
    }

    // Few kinds of token, so that delimiters, halves of them and white space meet in every order.
    internal static string[] Texts(byte[] choices)
    {
        string[] kinds = ["a", "\n", "\n\n", " ", "b\n", "\n\nc", "", "d\n\n\n"];
        return [.. choices.Select(c => kinds[c % kinds.Length])];
    }

    private static void AssertEnds(int[] expected, params string[] texts) => Assert.Equal(expected, StepSegmenter.Ends(texts));
}
