using Etr.Core.Grading;

namespace Etr.Silo.Conformance;

/// <summary>Answers and whole solutions against verdicts that people gave.</summary>
internal static class GradeConformance
{
    /// <summary>Pairs of prediction and gold answer.</summary>
    public static void RunPairs(string path, ConformanceReport report) => Run(path, "prediction", report);

    /// <summary>Solutions whose answer must be found first.</summary>
    public static void RunSolutions(string path, ConformanceReport report) => Run(path, "solution", report);

    private static void Run(string path, string response, ConformanceReport report)
    {
        foreach (ConformanceCase known in ConformanceFile.ReadLines(path))
        {
            string gold = known.Text("gold");
            Verdict verdict = AnswerGraders.Equivalence.Grade(known.Text(response), gold);
            report.Verdict(known.Place, known.Flag("expected"), verdict.Correct, $"'{verdict.Extracted}' against '{gold}' ({verdict.Reason})");
        }
    }
}
