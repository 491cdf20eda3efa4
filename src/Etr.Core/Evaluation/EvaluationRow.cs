namespace Etr.Core.Evaluation;

/// <summary>What came of one prompt.</summary>
/// <param name="Id">The prompt's id.</param>
/// <param name="Category">What it belongs to; null where unknown.</param>
/// <param name="Gold">Its gold answer.</param>
/// <param name="Answers">The answer found in each trace, by slot; empty where none was.</param>
/// <param name="Accuracy">Share of right traces (0 to 1).</param>
/// <param name="Length">Mean tokens a trace.</param>
/// <param name="Steps">Mean reasoning steps a trace.</param>
/// <param name="Spearman">Mean Spearman ρ of step and step entropy; null where undefined.</param>
public sealed record EvaluationRow(
    string Id, string? Category, string Gold, IReadOnlyList<string> Answers, double Accuracy, double Length, double Steps, double? Spearman)
{
    internal static EvaluationRow Of(EvaluatedPrompt prompt)
    {
        EvaluationFigures figures = EvaluationFigures.Of([prompt]);
        return new EvaluationRow(
            prompt.Item.Id, prompt.Item.Category, prompt.Item.Answer, prompt.Answers, figures.Accuracy, figures.Length, figures.Steps, figures.Spearman);
    }
}
