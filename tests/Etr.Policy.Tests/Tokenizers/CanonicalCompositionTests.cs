using Etr.Policy.Tokenizers.Normalization;

namespace Etr.Policy.Tests.Tokenizers;

public sealed class CanonicalCompositionTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("a\u0327\u0301", "\u00E1\u0327")] // The cedilla is of a lower class and does not stand between.
    [InlineData("a\u0301\u0300", "\u00E1\u0300")] // The second accent is of the first one's class: it stays.
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("\u212B", "\u00C5")] // A singleton: never composed back.
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\u0958", "\u0915\u093C")] // Excluded from composition.
    [InlineData("\u1E9B\u0323", "\u1E9B\u0323")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")] // Only put in order.
    [InlineData("\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\uD558\u11AB", "\uD55C")]
    [InlineData("\uD55C\u11AB", "\uD55C\u11AB")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    [InlineData("\U00011099\U000110BA", "\U0001109A")]
    public void Text_comes_into_normalization_form_c(string text, string expected)
    {
        Assert.Equal(expected, CanonicalComposition.Normalize(text));
        Assert.Equal(expected, CanonicalComposition.Normalize(expected));
    }

    [Fact]
    public void Text_in_the_form_is_handed_back_as_it_is()
    {
        string text = "na\u00EFve \u4E2D\u6587 \U0001F642 \uAC00";

        Assert.Same(text, CanonicalComposition.Normalize(text));
    }

    [Fact]
    public void A_long_run_of_marks_takes_no_time_in_its_square()
    {
        string marks = string.Concat(Enumerable.Repeat("\u0301\u0323", 200_000));

        string normal = CanonicalComposition.Normalize("e" + marks);

        // ẹ, then its own accent where a character for both exists, then what is left in order.
        Assert.StartsWith("\u1EB9\u0323", normal, StringComparison.Ordinal);
        Assert.EndsWith("\u0301", normal, StringComparison.Ordinal);
        Assert.Equal(400_000, normal.Length);
    }

    [Fact]
    public void Every_line_of_a_reference_is_met()
    {
        // Lines of text and its NFC, hexadecimal UTF-16, as another implementation wrote them.
        if (Environment.GetEnvironmentVariable("ETR_NFC_REFERENCE") is not { Length: > 0 } file)
        {
            Assert.Skip("ETR_NFC_REFERENCE names no file of texts and their normal forms.");
            return;
        }

        foreach (string[] pair in File.ReadLines(file).Select(line => line.Split(' ')))
            Assert.Equal(pair[1], Hex(CanonicalComposition.Normalize(Text(pair[0]))));

        static string Text(string hex) => System.Text.Encoding.BigEndianUnicode.GetString(Convert.FromHexString(hex));
        static string Hex(string text) => Convert.ToHexString(System.Text.Encoding.BigEndianUnicode.GetBytes(text));
    }
}
