using Etr.Dashboard.Charts;
using Etr.Dashboard.History;
using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Training;

namespace Etr.Dashboard.Tests.Training;

public sealed class TrainingChartsTests
{
    private static readonly IReadOnlyList<ChartSpec> All = TrainingCharts.Of(StepMetrics.Of(Samples.Step(1)));

    [Fact]
    public void Every_line_of_every_chart_has_a_figure()
    {
        var keys = StepMetrics.Of(Samples.Step(1)).Select(metric => metric.Key).ToHashSet();

        Assert.All(ChartSpec.ColumnsOf(All), column => Assert.Contains(column, keys));
        Assert.Equal(All.Count, All.Select(spec => spec.Key).Distinct().Count());
    }

    [Fact]
    public void No_two_lines_of_a_chart_look_the_same() =>
        Assert.All(All, spec => Assert.Equal(spec.Series.Count, spec.Series.Select(line => line.Tone).Distinct().Count()));

    [Fact]
    public void The_url_names_charts_in_any_order_and_unknown_ones_count_for_nothing()
    {
        Assert.Equal(["accuracy", "kl"], TrainingCharts.Chosen(All, "kl,accuracy,nothing").Select(spec => spec.Key));
        Assert.Equal(TrainingCharts.Usual.Order(), TrainingCharts.Chosen(All, "nothing").Select(spec => spec.Key).Order());
        Assert.Null(TrainingCharts.Name(TrainingCharts.Usual.Reverse(), All));
        Assert.Equal("kl,loss", TrainingCharts.Name(["kl", "loss"], All));
    }

    [Fact]
    public void The_table_has_the_part_in_view_newest_first()
    {
        var history = new RunHistory(Samples.Run);
        for (var step = 1; step <= 300; step++)
            history.Add(Samples.Lively(step));

        var table = HistoryTable.Of(history, TrainingCharts.Chosen(All, "accuracy"), "last:20");

        Assert.Equal(("accuracy", "share"), table.Columns.Single());
        Assert.Equal(("300", 21), (table.Rows[0].Steps, table.Rows.Count));
    }
}
