using Etr.Silo.Endpoint;

namespace Etr.Silo.Tests.Endpoint;

public sealed class StopTextsTests
{
    [Fact]
    public void What_may_become_a_stop_is_held_back_until_it_cannot()
    {
        var texts = new StopTexts(["\n\n"]);

        Assert.Equal("a", texts.Append("a\n"));
        Assert.Equal("\nb", texts.Append("b"));
        Assert.Equal("c", texts.Append("c\n\nd"));
        Assert.True(texts.Met);
        Assert.Equal("", texts.Append("e") + texts.Finish());
    }

    [Fact]
    public void What_is_held_at_the_end_was_no_stop()
    {
        var texts = new StopTexts(["abc"]);

        Assert.Equal("", texts.Append("ab"));
        Assert.Equal("ab", texts.Finish());
    }

    [Theory]
    [InlineData("xxabyyabc", "yy", "abc")]
    [InlineData("aaab", "aab", "b")]
    [InlineData("ababac", "abac", "zz")]
    [InlineData("nothing", "never", "nowhere")]
    public void However_a_text_is_cut_what_is_shown_ends_before_the_first_stop(string text, string first, string second)
    {
        int at = new[] { first, second }.Select(stop => text.IndexOf(stop, StringComparison.Ordinal)).Where(found => found >= 0).DefaultIfEmpty(text.Length).Min();
        for (int size = 1; size <= 3; size++)
        {
            var texts = new StopTexts([first, second]);
            string shown = string.Concat(text.Chunk(size).Select(part => texts.Append(new string(part)))) + texts.Finish();
            Assert.StartsWith(shown, text[..at], StringComparison.Ordinal);
            Assert.True(shown.Length >= at - 0 || texts.Met, $"'{shown}' of '{text}'");
        }
    }
}
