using System.Diagnostics;
using Etr.Core.Grading;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Grading;

public sealed class EquivalenceGraderTests
{
    [Theory]
    [InlineData("42", "42.0")]
    [InlineData("-7", "-7")]
    [InlineData("1,250,000", "1250000")]
    [InlineData("3{,}600", "3600")]
    [InlineData(".75", "3/4")]
    [InlineData("\\dfrac{6}{8}", "\\frac34")]
    [InlineData("2\\frac{1}{4}", "9/4")]
    [InlineData("2 1/4", "2.25")]
    [InlineData("-\\frac{5}{2}", "-2.5")]
    [InlineData("\\$15", "15")]
    [InlineData("15 apples", "15")]
    [InlineData("12 \\text{ cm}^2", "12")]
    [InlineData("40\\%", "40 percent")]
    [InlineData("60^\\circ", "60")]
    [InlineData("3\\sqrt{2}", "\\sqrt{18}")]
    [InlineData("\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}")]
    [InlineData("2^{10}", "1024")]
    [InlineData("5!", "120")]
    [InlineData("0.6667", "\\frac{2}{3}")]
    [InlineData("3.142", "\\pi")]
    [InlineData("x = 5", "5")]
    [InlineData("(x+1)(x-1)", "x^2 - 1")]
    [InlineData("\\frac{a+b}{2}", "\\frac{a}{2} + \\frac{b}{2}")]
    [InlineData("\\sin^2 t + \\cos^2 t", "1 + 0t")]
    [InlineData("2, -3", "-3, 2")]
    [InlineData("1 and 4", "\\{4, 1\\}")]
    [InlineData("1 \\pm \\sqrt{5}", "1 - \\sqrt{5}, 1 + \\sqrt{5}")]
    [InlineData("\\left( \\frac12, 3 \\right)", "(0.5,3)")]
    [InlineData("x \\ge 2", "[2,\\infty)")]
    [InlineData("-1 < x \\le 4", "(-1,4]")]
    [InlineData("[1,2) \\cup (5,6)", "(5,6) \\cup [1,2)")]
    [InlineData("2x + 4y = 6", "x + 2y = 3")]
    [InlineData("\\begin{pmatrix} 1 & 0.5 \\\\ 0 & 2 \\end{pmatrix}", "\\begin{bmatrix}1&\\frac12\\\\0&2\\end{bmatrix}")]
    [InlineData("\\text{Monday}", "monday")]
    [InlineData("3:45", "3 : 45")]
    public void The_same_answer_in_another_form_is_right(string answer, string gold) =>
        Assert.True(Grade(answer, gold) && Grade(gold, answer));

    [Theory]
    [InlineData("42", "41")]
    [InlineData("0.3333", "0.333")]
    [InlineData("0.333", "1/3")] // three digits are too few to be a rounding
    [InlineData("3.14", "\\pi")]
    [InlineData("5", "-5")]
    [InlineData("40\\%", "0.4")]
    [InlineData("15 \\text{ miles}", "15 \\text{ km}")]
    [InlineData("\\sqrt{x^2}", "x")]
    [InlineData("x", "|x|")]
    [InlineData("a + b", "a + c")]
    [InlineData("(2,1)", "(1,2)")]
    [InlineData("(1,2)", "[1,2]")]
    [InlineData("[1,2]", "1,2")]
    [InlineData("1, 2", "1, 2, 2")]
    [InlineData("x > 3", "x < 3")]
    [InlineData("x \\ge 3", "x > 3")]
    [InlineData("x = 1, y = 2", "2, 1")]
    [InlineData("\\sin x", "\\cos x")]
    [InlineData("\\cos(x) = 1", "\\sin(x) = 1")]
    [InlineData("x = 3", "y = 3")]
    [InlineData("x^2 + y^2 = 1", "x^2 + y^2 = 2")]
    [InlineData("12,345", "12, 345")]
    [InlineData("3:45", "4:45")]
    [InlineData("6:8", "3:4")]
    [InlineData("\\frac{1}{0}", "\\frac{2}{0}")]
    [InlineData("100000000000000000001", "100000000000000000000")]
    [InlineData("Monday", "Tuesday")]
    [InlineData("", "0")]
    public void Another_answer_is_wrong(string answer, string gold)
    {
        Assert.False(Grade(answer, gold));
        if (answer.Length > 0)
            Assert.False(Grade(gold, answer));
    }

    [Theory]
    [InlineData("first \\boxed{1}, then \\boxed{\\frac{2}{3}}", "\\frac{2}{3}")]
    [InlineData("\\boxed{a_{1} \\in \\{1, 2\\}}", "a_{1} \\in \\{1, 2\\}")]
    [InlineData("so \\boxed{3} and \\boxed{4}.", "3, 4")]
    [InlineData("\\boxed{3} is not it; \\boxed{4}", "4")]
    [InlineData("6 + 1 = 7\n#### 7", "7")]
    [InlineData("6 + 1 = 7\nA: 7\n", "7")]
    [InlineData("1)2+3=5\n\nanswer=5.", "5")]
    [InlineData("Since 2 + 2 = 4, the answer is 4. Bye", "4")]
    [InlineData("The final answer is $\\frac{1}{2}$.", "\\frac{1}{2}")]
    [InlineData("It follows that $x = 12$.", "x = 12")]
    [InlineData("After 3 days he has 1,200 coins", "1,200")]
    [InlineData("the value is **17**", "17")]
    public void The_answer_is_found(string response, string expected) => Assert.Equal(expected, AnswerExtractor.Extract(response));

    [Theory]
    [InlineData("")]
    [InlineData("no idea at all")]
    [InlineData("it was item X2B")]
    public void No_answer_is_made_up(string response) => Assert.Null(AnswerExtractor.Extract(response));

    [Fact]
    public void A_letter_is_chosen_only_by_itself()
    {
        Assert.True(AnswerGraders.Equivalence.Grade("It can't be A. The answer is (C).", "C").Correct);
        Assert.True(AnswerGraders.Equivalence.Grade("\\boxed{\\text{(B)}}", "\\textbf{B}").Correct);
        Assert.False(AnswerGraders.Equivalence.Grade("\\boxed{2B}", "B").Correct);
        Assert.False(AnswerGraders.Equivalence.Grade("\\boxed{A, B}", "B").Correct);
    }

    [Fact]
    public void The_boxed_grader_compares_characters()
    {
        Assert.True(AnswerGraders.Boxed.Grade("\\boxed{0} no, \\boxed{\\frac{1}{2}}", "\\frac{1}{2}").Correct);
        Assert.False(AnswerGraders.Boxed.Grade("\\boxed{\\frac12}", "\\frac{1}{2}").Correct);
        Assert.False(AnswerGraders.Boxed.Grade("\\frac{1}{2}", "\\frac{1}{2}").Correct);
        Assert.False(AnswerGraders.Boxed.Grade("\\boxed{1} and \\boxed{2", "1").Correct);
    }

    [Fact]
    public void The_final_line_grader_reads_the_last_line_alone()
    {
        Assert.True(AnswerGraders.FinalLine.Grade("1)6*8=8\n\nanswer=9.", "9").Correct);
        Assert.True(AnswerGraders.FinalLine.Grade("answer=9", "9").Correct);
        Assert.False(AnswerGraders.FinalLine.Grade("answer=9.\n\n1)6*8=8", "9").Correct);
        Assert.False(AnswerGraders.FinalLine.Grade("answer=9.8.", "9").Correct);
        Assert.False(AnswerGraders.FinalLine.Grade("maybe answer=9.", "9").Correct);
        Assert.False(AnswerGraders.FinalLine.Grade("", "9").Correct);
    }

    [Fact]
    public void Graders_are_found_by_name()
    {
        foreach (var name in AnswerGraders.Names)
            Assert.Equal(name, AnswerGraders.Find(name).Name);
        Assert.Throws<ArgumentException>(() => AnswerGraders.Find("x"));
    }

    [Property(MaxTest = 1000)]
    public bool Any_text_is_graded_without_failing(byte[] choices)
    {
        string[] pieces = ["1", "2", "x", "\\frac", "{", "}", "(", ")", "[", "]", "^", "_", "\\sqrt", "+", "-", "/", ",", ";", "=", "<", "\\{", "\\}",
            " and ", "\\cup", "\\begin{pmatrix}", "\\end{pmatrix}", "&", "\\\\", "\\boxed{", "$", "|", "!", "°", "\\text{", ".", "e", "\\sin ", "%"];
        var text = string.Concat(choices.Select(c => pieces[c % pieces.Length]));
        var boxed = AnswerGraders.Equivalence.Grade($"\\boxed{{{text}}}", text);
        var plain = AnswerGraders.Equivalence.Grade(text, "7");
        return boxed.Reason.Length > 0 && plain.Reason.Length > 0;
    }

    [Theory]
    [InlineData("(")]
    [InlineData("-")]
    [InlineData("\\sqrt")]
    [InlineData("9^")]
    [InlineData("1 ")]
    [InlineData("\\frac{1}{")]
    [InlineData("x_1,")]
    [InlineData("\\boxed{")]
    [InlineData("\n")]
    [InlineData("$[a ")]
    [InlineData("9!^9!")]
    public void Hostile_repetition_ends_soon(string piece)
    {
        var clock = Stopwatch.StartNew();
        foreach (var length in new[] { 300, 990, 50_000 })
        {
            var text = string.Concat(Enumerable.Repeat(piece, length / piece.Length));
            Assert.False(AnswerGraders.Equivalence.Grade($"\\boxed{{{text}}}", "7").Correct);
            Assert.False(AnswerGraders.Equivalence.Grade(text + "?", "7").Correct);
        }

        // Milliseconds in practice; the bound only tells an end from a hang.
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), clock.Elapsed.ToString());
    }

    private static bool Grade(string answer, string gold) => AnswerGraders.Equivalence.Grade($"Thus \\boxed{{{answer}}}.", gold).Correct;
}
