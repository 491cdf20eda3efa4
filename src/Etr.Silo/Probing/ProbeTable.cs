using Etr.Core.Evaluation;
using Etr.Core.Probing;
using Etr.Silo.Cli;
using Etr.Silo.Training;
using Spectre.Console;

namespace Etr.Silo.Probing;

/// <summary>A probe as tables that fit a terminal.</summary>
internal static class ProbeTable
{
    private const int MostCategories = 8;
    private const string Signed = "+0.00;-0.00;0.00";

    /// <summary>Writes a report.</summary>
    public static void Write(Terminal terminal, ProbeReport report)
    {
        EvaluationFigures policy = report.Base.All;
        terminal.Line($"policy     accuracy {StepFigures.Number(policy.Accuracy, "0.000")}, length {StepFigures.Number(policy.Length, "0.0")}, {StepFigures.Number(policy.Steps, "0.0")} steps, H_1 {StepFigures.Number(policy.H1, "0.000")} nats, rho(step, H) {StepFigures.Number(policy.Spearman, Signed)}; {policy.Traces} traces");
        Table table = Bordered(terminal).AddColumn("reward").AddColumn("estimator");
        foreach (string name in (string[])["r(reward, length)", "r(R, H_1)", "signal", "right below wrong", "insertion raises"])
            table.AddColumn(new TableColumn(name).RightAligned());
        foreach (RewardProbe probe in report.Rewards)
        {
            table.AddRow(
                Markup.Escape(probe.Shaper), probe.Estimator, StepFigures.Number(probe.RewardLength, Signed), StepFigures.Number(probe.TrendOpening, Signed),
                Percent(probe.Signal), Percent(probe.Inverted), Percent(probe.InsertionRaises));
        }

        terminal.Console.Write(table);
        int width = report.Rewards.Max(probe => probe.Shaper.Length);
        foreach (RewardProbe probe in report.Rewards)
            terminal.Line($"{probe.Shaper.PadRight(width)}  {probe.Verdict}");
        if (report.ByCategory.Count is > 1 and <= MostCategories)
            WriteCategories(terminal, report);
    }

    private static void WriteCategories(Terminal terminal, ProbeReport report)
    {
        terminal.Line();
        terminal.Line("r(reward, length) by category, and how often inserting a confident step raises the reward");
        Table table = Bordered(terminal).AddColumn("reward");
        foreach (string category in report.ByCategory.Keys)
            table.AddColumn(new TableColumn(Markup.Escape(category)).RightAligned());
        for (int reward = 0; reward < report.Rewards.Count; reward++)
        {
            table.AddRow([Markup.Escape(report.Rewards[reward].Shaper), .. report.ByCategory.Values.Select(probes => $"{StepFigures.Number(probes[reward].RewardLength, Signed)}  {Percent(probes[reward].InsertionRaises),5}")]);
        }

        terminal.Console.Write(table);
    }

    private static Table Bordered(Terminal terminal) => new() { Border = terminal.Interactive ? TableBorder.Rounded : TableBorder.Ascii };

    private static string Percent(double? share) => share is { } number ? $"{StepFigures.Number(100 * number, "0")} %" : "-";
}
