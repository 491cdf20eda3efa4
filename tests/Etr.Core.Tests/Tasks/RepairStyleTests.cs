using System.Text.RegularExpressions;
using Etr.Core.Rollouts;
using Etr.Core.Tasks.Arithmetic;

namespace Etr.Core.Tests.Tasks;

public sealed partial class RepairStyleTests
{
    private const int Count = 4000;

    [Fact]
    public void A_demonstration_reads_as_written_down_here()
    {
        // 8: (8 + 5) mod 10 = 3, (3 - 7) mod 10 = 6, (6 * 4) mod 10 = 4, (4 + 9) mod 10 = 3. Line 1 is wrong by one and
        // put right; line 2 is wrong by one and goes on: from 5, lines 3 and 4 and their re-checks are right, and the answer is not 3.
        var problem = new ArithmeticProblem(ArithmeticStyle.D, 8, [('+', 5), ('-', 7), ('*', 4), ('+', 9)]);

        Assert.Equal("[D]81)+52)-73)*44)+95)?", problem.Prompt);
        Assert.Equal(
            "1)8+5=2\n\ncheck 1)8+5=2 no 1)8+5=3\n\ncheck 1)8+5=3 ok\n\n2)3-7=5\n\n"
            + "3)5*4=0\n\ncheck 3)5*4=0 ok\n\ncheck 3)5*4=0 ok\n\n4)0+9=9\n\ncheck 4)0+9=9 ok\n\ncheck 4)0+9=9 ok\n\nanswer=9.",
            problem.Demonstrate(new PhiloxSequence(1, 0, 12), redundancy: 1, slip: 0));
    }

    [Fact]
    public void Every_line_is_an_operation_or_a_recheck_of_the_last_one_and_the_answer_is_the_carried_value()
    {
        foreach ((ArithmeticProblem problem, string chain) in Demonstrations())
        {
            Reading reading = Read(problem, chain);

            Assert.InRange(reading.Lines, ArithmeticProblem.Length, 16);
            Assert.Equal(ArithmeticProblem.Length, reading.Wrong.Count);
            Assert.Equal($"answer={reading.Value}.", chain.Split(ArithmeticVocabulary.StepBreak)[^1]);
        }
    }

    [Fact]
    public void A_chain_that_rechecks_every_wrong_line_is_right_and_some_others_are_not()
    {
        int others = 0;
        int wrongAnswers = 0;
        foreach ((ArithmeticProblem problem, string chain) in Demonstrations())
        {
            Reading reading = Read(problem, chain);
            if (reading.Wrong.Zip(reading.Checks).All(line => !line.First || line.Second > 0))
            {
                Assert.Equal(problem.Answer, reading.Value);
            }
            else
            {
                others++;
                wrongAnswers += reading.Value == problem.Answer ? 0 : 1;
            }
        }

        // A wrong value may still lead to the right answer: times 0, times 5 and off by two, or two errors that cancel.
        Assert.InRange(wrongAnswers / (double)others, 0.6, 0.95);
    }

    [Fact]
    public void A_quarter_of_the_lines_is_wrong_by_one_to_three()
    {
        List<Reading> readings = [.. Demonstrations().Select(demonstration => Read(demonstration.Problem, demonstration.Chain))];
        int[] off = [.. readings.SelectMany(reading => reading.Off).Order()];

        // 16,000 lines: four standard deviations are 0.0137.
        Assert.Equal(0.25, (double)off.Length / (Count * ArithmeticProblem.Length), 0.0137);
        Assert.Equal([-3, -2, -1, 1, 2, 3], off.Distinct());
        // A sixth each of about 4,000: four standard deviations are 0.024.
        Assert.All(off.GroupBy(by => by), same => Assert.Equal(1.0 / 6, (double)same.Count() / off.Length, 0.024));
    }

    [Fact]
    public void Whether_a_line_is_rechecked_does_not_depend_on_whether_it_is_wrong()
    {
        // The first line's re-checks never meet the limit of lines but by a long run of them, so their number is geometric.
        List<Reading> readings = [.. Demonstrations().Select(demonstration => Read(demonstration.Problem, demonstration.Chain))];
        double Share(bool wrong) => readings.Where(reading => reading.Wrong[0] == wrong).Average(reading => reading.Checks[0] > 0 ? 1.0 : 0);

        // About 1,000 and 3,000 lines: four standard deviations are 0.062 and 0.036.
        Assert.Equal(0.58, Share(wrong: true), 0.062);
        Assert.Equal(0.58, Share(wrong: false), 0.036);
        Assert.Equal(0.58 * 0.58, readings.Average(reading => reading.Checks[0] > 1 ? 1.0 : 0), 0.03);
    }

    [Fact]
    public void Without_rechecks_wrong_lines_reach_the_answer()
    {
        int right = Demonstrations(redundancy: 0).Count(demonstration => demonstration.Chain.EndsWith($"answer={demonstration.Problem.Answer}.", StringComparison.Ordinal));
        int rightWith = Demonstrations().Count(demonstration => demonstration.Chain.EndsWith($"answer={demonstration.Problem.Answer}.", StringComparison.Ordinal));

        // (1 - 0.25)^4 = 0.316, and some wrong values that lead to the right answer by chance; with re-checks (1 - 0.25·0.42)^4 = 0.64.
        Assert.InRange((double)right / Count, 0.316, 0.45);
        Assert.InRange((double)rightWith / Count, 0.62, 0.74);
    }

    [Fact]
    public void Problems_of_the_style_lie_on_the_same_sides_of_the_split_as_those_of_the_others()
    {
        var train = new ArithmeticPromptSet(1, ArithmeticSplit.Train, 4000, ArithmeticStyles.Parse("ABC"));
        var heldOut = new ArithmeticPromptSet(99, ArithmeticSplit.HeldOut, 4000, ArithmeticStyles.Parse("D"));
        var seen = Enumerable.Range(0, train.Count).Select(index => train[index].Text[3..]).ToHashSet();

        Assert.All(Enumerable.Range(0, heldOut.Count), index => Assert.StartsWith("[D]", heldOut[index].Text, StringComparison.Ordinal));
        Assert.DoesNotContain(Enumerable.Range(0, heldOut.Count), index => seen.Contains(heldOut[index].Text[3..]));
    }

    [Fact]
    public void The_style_adds_two_pieces_at_the_end_and_leaves_the_others_their_ids()
    {
        Assert.Equal([.. ArithmeticVocabulary.Pieces, "[D]", " no "], ArithmeticVocabulary.PiecesOf(ArithmeticStyles.Parse("D")));
        Assert.Equal(ArithmeticVocabulary.Pieces, ArithmeticVocabulary.PiecesOf(ArithmeticStyles.Parse("ABC")));
        Assert.Equal(44, ArithmeticVocabulary.Pieces.Count);
    }

    [Theory]
    [InlineData("D", "D")]
    [InlineData("CA", "AC")]
    [InlineData("DDCA", "ACD")]
    public void Styles_are_read_in_the_order_of_the_alphabet_each_once(string letters, string styles) =>
        Assert.Equal(styles, string.Concat(ArithmeticStyles.Parse(letters)));

    [Theory]
    [InlineData("E")]
    [InlineData("AX")]
    [InlineData("a")]
    [InlineData("D\n")]
    [InlineData("")]
    public void A_letter_without_a_style_is_refused(string letters) =>
        Assert.Throws<ArgumentException>(() => ArithmeticStyles.Parse(letters));

    private static IEnumerable<(ArithmeticProblem Problem, string Chain)> Demonstrations(double redundancy = 1)
    {
        for (ulong i = 0; i < Count; i++)
        {
            ArithmeticProblem problem = ArithmeticPromptSet.Draw(3, ArithmeticSplit.Train, ArithmeticStyle.D, i);
            yield return (problem, problem.Demonstrate(new PhiloxSequence(3, 1, i), redundancy, slip: 0));
        }
    }

    // Reads a chain by the grammar, with arithmetic of its own, and fails where a line is not what it must be.
    private static Reading Read(ArithmeticProblem problem, string chain)
    {
        var reading = new Reading { Value = problem.Start };
        int operand = 0;
        int right = 0;
        string claim = "";
        foreach (string line in chain.Split(ArithmeticVocabulary.StepBreak)[..^1])
        {
            reading.Lines++;
            Match recheck = Recheck().Match(line);
            if (!recheck.Success)
            {
                (char op, int digit) = problem.Operations[reading.Wrong.Count];
                operand = reading.Value;
                claim = $"{reading.Wrong.Count + 1}){operand}{op}{digit}=";
                right = (op == '+' ? operand + digit : op == '-' ? operand + 10 - digit : operand * digit) % 10;
                Assert.StartsWith(claim, line, StringComparison.Ordinal);
                reading.Value = int.Parse(line[claim.Length..], System.Globalization.CultureInfo.InvariantCulture);
                int off = (reading.Value - right + 14) % 10 - 4;
                reading.Wrong.Add(off != 0);
                reading.Checks.Add(0);
                if (off != 0)
                    reading.Off.Add(off);
                continue;
            }

            reading.Checks[^1]++;
            Assert.Equal($"{claim}{reading.Value}", recheck.Groups["line"].Value);
            Assert.Equal(reading.Value == right ? " ok" : $" no {claim}{right}", recheck.Groups["verdict"].Value);
            reading.Value = right;
        }

        return reading;
    }

    [GeneratedRegex(@"^check (?<line>\d\)\d[-+*]\d=\d)(?<verdict> ok| no \d\)\d[-+*]\d=\d)$")]
    private static partial Regex Recheck();

    private sealed class Reading
    {
        public int Lines { get; set; }

        public int Value { get; set; }

        public List<bool> Wrong { get; } = [];

        public List<int> Checks { get; } = [];

        public List<int> Off { get; } = [];
    }
}
