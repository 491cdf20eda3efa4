using Etr.Core.Grading.Answers;

namespace Etr.Core.Grading;

/// <summary>
/// Grades by meaning: numbers exactly, formulas by value, lists in any order, points and intervals in theirs. docs/grading.md
/// tells the conventions. It would rather call a right answer wrong than a wrong one right.
/// </summary>
internal sealed class EquivalenceGrader : IAnswerGrader
{
    public string Name => "equivalence";

    public Verdict Grade(string response, string gold)
    {
        ArgumentNullException.ThrowIfNull(response);
        ArgumentNullException.ThrowIfNull(gold);
        var expected = Gold(gold);
        if (expected.Length == 1 && expected[0] is >= 'A' and <= 'J')
            return GradeChoice(response, expected);

        if (AnswerExtractor.Extract(response) is not { } extracted)
            return new Verdict(false, null, "no answer found");
        try
        {
            var budget = new GradingBudget();
            var reader = new AnswerReader(budget);
            return new AnswerComparer(budget).AreEqual(reader.Read(extracted), reader.Read(expected))
                ? new Verdict(true, extracted, "equal")
                : new Verdict(false, extracted, "not equal");
        }
        catch (GradingBudgetException exception)
        {
            return new Verdict(false, extracted, exception.Message);
        }
    }

    private static Verdict GradeChoice(string response, string letter)
    {
        var chosen = AnswerExtractor.ExtractChoice(response);
        return new Verdict(chosen == letter, chosen, chosen is null ? "no letter chosen" : chosen == letter ? "equal" : "not equal");
    }

    // A gold answer is an answer already, but some data sets keep its mark, or the solution around it.
    private static string Gold(string gold)
    {
        var trimmed = gold.Trim();
        var explicitMark = trimmed.Contains("\\boxed", StringComparison.Ordinal) || trimmed.Contains("####", StringComparison.Ordinal) || trimmed.Length > 200;
        var answer = explicitMark ? AnswerExtractor.Extract(trimmed) ?? trimmed : trimmed;
        var letter = answer.Replace("\\textbf", "", StringComparison.Ordinal).Replace("\\text", "", StringComparison.Ordinal).Trim('{', '}', '(', ')', ' ', '$');
        return letter.Length == 1 && char.IsAsciiLetterUpper(letter[0]) ? letter : answer;
    }
}
