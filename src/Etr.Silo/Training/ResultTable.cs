using Etr.Core.Evaluation;
using Etr.Silo.Cli;
using Spectre.Console;

namespace Etr.Silo.Training;

/// <summary>Evaluations side by side: over everything, greedy, and by category.</summary>
internal static class ResultTable
{
    /// <summary>Writes before and after.</summary>
    public static void Write(Terminal terminal, EvaluationPair before, EvaluationPair after, double? aes)
    {
        Table table = Empty(terminal);
        Add(table, "before", before.Sampled.All);
        Add(table, "after", after.Sampled.All);
        if (before.Greedy is not null && after.Greedy is not null)
        {
            Add(table, "before, greedy", before.Greedy.All);
            Add(table, "after, greedy", after.Greedy.All);
        }

        foreach ((string category, EvaluationFigures figures) in before.Sampled.ByCategory)
        {
            Add(table, $"before, {category}", figures);
            if (after.Sampled.ByCategory.TryGetValue(category, out EvaluationFigures? then))
                Add(table, $"after, {category}", then);
        }

        terminal.Console.Write(table);
        double change = before.Sampled.All.Length > 0 ? after.Sampled.All.Length / before.Sampled.All.Length - 1 : 0;
        terminal.Line($"length {Signed(100 * change)} %, accuracy {Signed(100 * (after.Sampled.All.Accuracy - before.Sampled.All.Accuracy))} points, AES {StepFigures.Number(aes, "0.000")}");
    }

    /// <summary>Writes one evaluation.</summary>
    public static void Write(Terminal terminal, EvaluationPair evaluation)
    {
        Table table = Empty(terminal);
        Add(table, "all", evaluation.Sampled.All);
        if (evaluation.Greedy is not null)
            Add(table, "all, greedy", evaluation.Greedy.All);
        foreach ((string category, EvaluationFigures figures) in evaluation.Sampled.ByCategory)
            Add(table, category, figures);
        terminal.Console.Write(table);
    }

    private static Table Empty(Terminal terminal) => new Table { Border = terminal.Interactive ? TableBorder.Rounded : TableBorder.Ascii }
        .AddColumns("held out", "accuracy", "95 % interval", "length", "steps", "Spearman", "re-checks", "r(R,length)", "H1");

    private static string Signed(double value) => StepFigures.Number(value, "+0.0;-0.0;0.0");

    private static void Add(Table table, string name, EvaluationFigures figures) => table.AddRow(
        Markup.Escape(name),
        StepFigures.Number(figures.Accuracy, "0.000"),
        $"{StepFigures.Number(figures.AccuracyInterval95[0], "0.000")} - {StepFigures.Number(figures.AccuracyInterval95[1], "0.000")}",
        StepFigures.Number(figures.Length, "0.0"),
        StepFigures.Number(figures.Steps, "0.00"),
        StepFigures.Number(figures.Spearman, "+0.00;-0.00;0.00"),
        StepFigures.Number(figures.Reflections, "0.00"),
        StepFigures.Number(figures.TrendLengthCorrelation, "+0.00;-0.00;0.00"),
        StepFigures.Number(figures.H1, "0.000"));
}
