using System.Text.Json;
using Etr.Core.Grading;

namespace Etr.Core.Tests.Grading;

/// <summary>Agreement with labelled data kept beside the repository.</summary>
public sealed class GradedDataTests
{
    [Fact]
    public void Real_solutions_are_graded_as_labelled()
    {
        var (agreed, falseRight, total, report) = Compare("gsm8k_graded_solutions.jsonl", "solution");
        Assert.True(falseRight == 0 && agreed >= 0.97 * total, report);
    }

    [Fact]
    public void Equivalent_answers_are_told_from_different_ones()
    {
        var (agreed, falseRight, total, report) = Compare("answer_equivalence.jsonl", "prediction");
        Assert.True(falseRight == 0 && agreed >= 0.96 * total, report);
    }

    private static (int Agreed, int FalseRight, int Total, string Report) Compare(string file, string field)
    {
        int agreed = 0, falseRight = 0, total = 0;
        var failures = new List<string>();
        foreach (var line in File.ReadLines(SharedData.Require(file)))
        {
            using var document = JsonDocument.Parse(line);
            var row = document.RootElement;
            var (response, gold) = (row.GetProperty(field).GetString()!, row.GetProperty("gold").GetString()!);
            var expected = row.GetProperty("expected").GetBoolean();
            var verdict = AnswerGraders.Equivalence.Grade(response, gold);
            total++;
            if (verdict.Correct == expected)
            {
                agreed++;
                continue;
            }

            falseRight += verdict.Correct ? 1 : 0;
            failures.Add($"{total - 1} expected {expected}: {verdict.Extracted} | {gold} | {verdict.Reason}");
        }

        return (agreed, falseRight, total, $"{agreed} of {total} agree, {falseRight} wrong ones called right\n{string.Join("\n", failures)}");
    }
}
