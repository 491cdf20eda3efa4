using System.Security.Cryptography;
using System.Text;
using Etr.Core.Rollouts;
using Etr.Core.Tasks.Arithmetic;

namespace Etr.Core.Tests.Tasks;

public sealed class ArithmeticTaskTests
{
    private static readonly ArithmeticStyle[] Styles = [ArithmeticStyle.A, ArithmeticStyle.B, ArithmeticStyle.C];

    // 8: (8 + 5) mod 10 = 3, (3 - 7) mod 10 = 6, (6 * 4) mod 10 = 4, (4 + 9) mod 10 = 3.
    private static readonly ArithmeticProblem Example =
        new(ArithmeticStyle.A, 8, [('+', 5), ('-', 7), ('*', 4), ('+', 9)]);

    [Fact]
    public void A_problem_is_written_with_its_style_start_and_numbered_operations() =>
        Assert.Equal("[A]81)+52)-73)*44)+95)?", Example.Prompt);

    [Fact]
    public void The_shortest_chain_solves_each_operation_once()
    {
        string chain = Example.Demonstrate(new PhiloxSequence(1, 0, 0), redundancy: 0, slip: 0);

        Assert.Equal("1)8+5=3\n\n2)3-7=6\n\n3)6*4=4\n\n4)4+9=3\n\nanswer=3.", chain);
        Assert.Equal(3, Example.Answer);
    }

    [Fact]
    public void A_slip_moves_the_final_digit_by_one_and_nothing_else()
    {
        string right = Example.Demonstrate(new PhiloxSequence(1, 0, 0), redundancy: 0, slip: 0);
        string wrong = Example.Demonstrate(new PhiloxSequence(1, 0, 0), redundancy: 0, slip: 1);

        Assert.Equal(right[..^2], wrong[..^2]);
        Assert.Contains(wrong[^2], "24");
    }

    [Fact]
    public void Demonstrations_are_verbose_right_and_at_most_sixteen_lines_before_the_answer()
    {
        double tokens = 0;
        const int Count = 3000;
        for (ulong i = 0; i < Count; i++)
        {
            ArithmeticProblem problem = ArithmeticPromptSet.Draw(3, ArithmeticSplit.Train, Styles[i % 3], i);
            string chain = problem.Demonstrate(new PhiloxSequence(3, 1, i), redundancy: 1, slip: 0);

            string[] lines = chain.Split(ArithmeticVocabulary.StepBreak);
            Assert.InRange(lines.Length - 1, ArithmeticProblem.Length, 16);
            Assert.Equal($"answer={problem.Answer}.", lines[^1]);
            for (int operation = 0; operation < ArithmeticProblem.Length; operation++)
            {
                Assert.Contains(problem.Line(operation), lines);
            }

            tokens += Tokens(chain, ArithmeticVocabulary.Pieces).Count + 1;
        }

        // Shortest: 33 tokens (A, C) and 38 (B), end of sequence included.
        Assert.InRange(tokens / Count / ((33 + 38 + 33) / 3.0), 2.0, 4.0);
    }

    [Fact]
    public void The_demonstrations_the_shipped_policy_was_made_from_have_not_changed()
    {
        var text = new StringBuilder();
        for (ulong i = 0; i < 600; i++)
        {
            ArithmeticProblem problem = ArithmeticPromptSet.Draw(7, ArithmeticSplit.Train, Styles[i % 3], i);
            text.Append(problem.Prompt).Append(problem.Demonstrate(new PhiloxSequence(7, 1, i), redundancy: 1, slip: 0.12)).Append('\n');
        }

        Assert.Equal("8a186d13a9b4b8bc", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16]);
    }

    [Fact]
    public void Every_prompt_and_chain_is_made_of_the_vocabulary_alone()
    {
        for (ulong i = 0; i < 300; i++)
        {
            ArithmeticProblem problem = ArithmeticPromptSet.Draw(5, ArithmeticSplit.HeldOut, (ArithmeticStyle)(i % 4), i);
            string text = problem.Prompt + problem.Demonstrate(new PhiloxSequence(5, 1, i), 1, 0.5);
            Assert.Equal(text, string.Concat(Tokens(text, ArithmeticVocabulary.PiecesOf([problem.Style]))));
        }

        IReadOnlyList<string> all = ArithmeticVocabulary.PiecesOf(Enum.GetValues<ArithmeticStyle>());
        Assert.Equal(all.Count, all.Distinct().Count());
    }

    [Fact]
    public void Train_and_held_out_problems_never_meet_whatever_the_seeds()
    {
        var train = new ArithmeticPromptSet(1, ArithmeticSplit.Train, 4000, Styles);
        var heldOut = new ArithmeticPromptSet(99, ArithmeticSplit.HeldOut, 4000, Styles);
        var seen = Enumerable.Range(0, train.Count).Select(i => train[i].Text[3..]).ToHashSet();

        Assert.DoesNotContain(Enumerable.Range(0, heldOut.Count), i => seen.Contains(heldOut[i].Text[3..]));
        int all = Enumerable.Range(0, 80_000).Count(n => ArithmeticPromptSet.SplitOf(n) == ArithmeticSplit.HeldOut);
        Assert.InRange(all, 9_600, 10_400);
    }

    [Fact]
    public void A_prompt_set_takes_styles_in_turn_and_repeats_itself_exactly()
    {
        var set = new ArithmeticPromptSet(1, ArithmeticSplit.Train, 6, Styles);
        var again = new ArithmeticPromptSet(1, ArithmeticSplit.Train, 6, Styles);

        Assert.Equal(["A", "B", "C", "A", "B", "C"], Enumerable.Range(0, 6).Select(i => set[i].Category));
        Assert.Equal(Enumerable.Range(0, 6).Select(i => set[i]), Enumerable.Range(0, 6).Select(i => again[i]));
        Assert.Throws<ArgumentOutOfRangeException>(() => set[6]);
    }

    private static List<string> Tokens(string text, IReadOnlyList<string> pieces)
    {
        var tokens = new List<string>();
        for (int at = 0; at < text.Length;)
        {
            string rest = text[at..];
            string piece = pieces.Where(p => rest.StartsWith(p, StringComparison.Ordinal)).MaxBy(p => p.Length)
                ?? throw new InvalidOperationException($"no piece at '{rest}'");
            tokens.Add(piece);
            at += piece.Length;
        }

        return tokens;
    }
}
