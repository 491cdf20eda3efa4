using Etr.Dashboard.Shell;

namespace Etr.Dashboard.Tests.Shell;

public sealed class VisibleTests
{
    [Theory]
    [InlineData("plain text, ümlaut, 数学, √2, 😀", "plain text, ümlaut, 数学, √2, 😀")]
    [InlineData("a\nb", "a⏎b")]
    [InlineData("a\0b\u001b[31m", "a␀b␛[31m")]
    [InlineData("x\u202Eevil", "x‹U+202E›evil")]
    [InlineData("zero\u200Bwidth\uFEFF", "zero‹U+200B›width‹U+FEFF›")]
    [InlineData("line\u2028separator", "line‹U+2028›separator")]
    [InlineData("\u007f\u0085", "␡‹U+0085›")]
    [InlineData("", "")]
    [InlineData(null, "")]
    public void What_cannot_be_seen_gets_a_stand_in(string? text, string expected) => Assert.Equal(expected, Visible.Text(text));

    [Fact]
    public void Half_a_surrogate_pair_is_named() => Assert.Equal("a‹U+D83D›b", Visible.Text("a\uD83Db"));

    [Fact]
    public void Blocks_keep_their_lines() => Assert.Equal("a\nb␇", Visible.Block("a\nb\a"));
}
