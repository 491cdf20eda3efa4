using Etr.Core.Evaluation;
using Etr.Silo.Cli;
using Spectre.Console;

namespace Etr.Silo.Training;

/// <summary>Evaluations as a table that fits a terminal: over everything, greedy, and by category.</summary>
internal static class ResultTable
{
    private static readonly (string Name, Func<EvaluationFigures, double?> Figure, string Format)[] Columns =
    [
        ("accuracy", figures => figures.Accuracy, "0.000"),
        ("length", figures => figures.Length, "0.0"),
        ("Spearman", figures => figures.Spearman, "+0.00;-0.00;0.00"),
        ("re-checks", figures => figures.Reflections, "0.0"),
        ("r(R,length)", figures => figures.TrendLengthCorrelation, "+0.00;-0.00;0.00"),
    ];

    /// <summary>Writes before and after, side by side.</summary>
    public static void Write(Terminal terminal, EvaluationPair before, EvaluationPair after, double? aes)
    {
        Table table = Empty(terminal);
        Add(table, "all", before.Sampled.All, after.Sampled.All);
        if (before.Greedy is not null && after.Greedy is not null)
            Add(table, "greedy", before.Greedy.All, after.Greedy.All);
        foreach ((string category, EvaluationFigures figures) in before.Sampled.ByCategory)
            Add(table, category, figures, after.Sampled.ByCategory.GetValueOrDefault(category));
        terminal.Console.Write(table);
        double change = before.Sampled.All.Length > 0 ? after.Sampled.All.Length / before.Sampled.All.Length - 1 : 0;
        terminal.Line($"accuracy {Interval(before.Sampled.All)} -> {Interval(after.Sampled.All)}, 95 % intervals over {before.Sampled.All.Traces} traces");
        terminal.Line($"length {Signed(100 * change)} %, accuracy {Signed(100 * (after.Sampled.All.Accuracy - before.Sampled.All.Accuracy))} points, AES {StepFigures.Number(aes, "0.000")}");
    }

    /// <summary>Writes one evaluation.</summary>
    public static void Write(Terminal terminal, EvaluationPair evaluation)
    {
        Table table = Empty(terminal);
        Add(table, "all", evaluation.Sampled.All, null);
        if (evaluation.Greedy is not null)
            Add(table, "greedy", evaluation.Greedy.All, null);
        foreach ((string category, EvaluationFigures figures) in evaluation.Sampled.ByCategory)
            Add(table, category, figures, null);
        terminal.Console.Write(table);
        terminal.Line($"accuracy {Interval(evaluation.Sampled.All)}, 95 % interval over {evaluation.Sampled.All.Traces} traces");
        if (evaluation.Sampled.Samples > 1)
            terminal.Line($"avg@{evaluation.Sampled.Samples} {StepFigures.Number(evaluation.Sampled.All.Accuracy, "0.000")}, {string.Join(", ", evaluation.Sampled.All.PassAt.Select(pass => $"pass@{pass.Key} {StepFigures.Number(pass.Value, "0.000")}"))}");
    }

    private static Table Empty(Terminal terminal)
    {
        Table table = new Table { Border = terminal.Interactive ? TableBorder.Rounded : TableBorder.Ascii }.AddColumn("held out");
        foreach ((string name, _, _) in Columns)
            table.AddColumn(new TableColumn(name) { NoWrap = true });
        return table;
    }

    private static void Add(Table table, string name, EvaluationFigures before, EvaluationFigures? after) => table.AddRow(
    [
        Markup.Escape(name),
        .. Columns.Select(column => after is null
            ? StepFigures.Number(column.Figure(before), column.Format)
            : $"{StepFigures.Number(column.Figure(before), column.Format)} -> {StepFigures.Number(column.Figure(after), column.Format)}"),
    ]);

    private static string Interval(EvaluationFigures figures) =>
        $"{StepFigures.Number(figures.Accuracy, "0.000")} [{StepFigures.Number(figures.AccuracyInterval95[0], "0.000")}, {StepFigures.Number(figures.AccuracyInterval95[1], "0.000")}]";

    private static string Signed(double value) => StepFigures.Number(value, "+0.0;-0.0;0.0");
}
