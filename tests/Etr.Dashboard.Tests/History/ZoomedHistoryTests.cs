using Etr.Dashboard.Charts;
using Etr.Dashboard.History;
using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Training;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Tests.History;

public sealed class ZoomedHistoryTests : IDisposable
{
    private const int LastStep = 5_001;

    private readonly ScriptedRuns _runs = new() { Steps = [.. Enumerable.Range(1, LastStep).Select(Step)] };
    private readonly RunHistory _history = new(Samples.Run);
    private readonly ZoomedHistory _zoomed;
    private readonly WholeSteps _whole;

    public ZoomedHistoryTests()
    {
        foreach (var step in _runs.Steps)
            _history.Add(step);
        (_zoomed, _whole) = (new ZoomedHistory(_history), new WholeSteps(_runs));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _whole.Dispose();

    [Fact]
    public async Task A_zoom_into_a_long_run_shows_every_step_of_it_in_place_of_stretches()
    {
        Assert.Equal(4, _history.Span);
        await ZoomAsync("1002-2001");

        // Whole stretches at both ends, so that none is shown in part.
        Assert.Equal((1001, 2004), _zoomed.Wanted("1002-2001"));
        Assert.Equal(Enumerable.Range(1001, 1004), _zoomed.Points.Where(point => point.Count == 1 && point.Last is >= 1001 and <= 2004).Select(point => point.Last));
        Assert.Equal(LastStep, _zoomed.Points.Sum(point => point.Count));
        Assert.Equal(_zoomed.Points.OrderBy(point => point.Last), _zoomed.Points);
        var metric = _history.IndexOf("length");
        Assert.Equal((1500f, 1500f, 1500f), (Row(1500).Mean[metric], Row(1500).Low[metric], Row(1500).High[metric]));

        await ZoomAsync("");
        Assert.Same(_history.Points, _zoomed.Points);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1-5001")]
    [InlineData("100-2101")]
    [InlineData("last:2500")]
    [InlineData("9000-9100")]
    public void More_steps_than_are_shown_whole_and_steps_that_are_not_there_stay_as_they_are(string zoom) => Assert.Null(_zoomed.Wanted(zoom));

    [Fact]
    public void A_run_whose_rows_are_steps_already_is_read_no_second_time()
    {
        var history = new RunHistory(Samples.Run);
        for (var step = 1; step <= RunHistory.MostPoints; step++)
            history.Add(Step(step));

        Assert.Null(new ZoomedHistory(history).Wanted("100-200"));
    }

    [Fact]
    public async Task Steps_are_read_once_and_those_looked_at_long_ago_are_forgotten()
    {
        await ZoomAsync("1002-2001");
        var readings = _runs.StepReadings;
        await ZoomAsync("1100-1900");
        await _whole.ReadAsync(_history, 1_400, 1_500, Cancellation);
        Assert.Equal(readings, _runs.StepReadings);

        for (var run = 0; run < 16; run++)
            await _whole.ReadAsync(new RunHistory($"other-{run}"), 1, 10, Cancellation);
        readings = _runs.StepReadings;
        await _whole.ReadAsync(_history, 1_400, 1_500, Cancellation);
        Assert.Equal(readings + 1, _runs.StepReadings);
    }

    [Fact]
    public async Task A_browser_gets_all_rows_when_the_zoom_changes_and_only_new_ones_while_it_goes_along_with_the_run()
    {
        var (source, cursor) = (new HistorySource(_zoomed), new ChartCursor());
        source.NextFrame(cursor, ["length"]);
        await ZoomAsync("last:50");
        Assert.True(IsSnapshot(source.NextFrame(cursor, ["length"])!));
        Assert.Equal(LastStep, cursorRowsEnd());
        Assert.Null(source.NextFrame(cursor, ["length"]));

        for (var step = LastStep + 1; step <= LastStep + 9; step++)
        {
            _runs.Steps = [.. _runs.Steps, Step(step)];
            _history.Add(Step(step));
            await ZoomAsync("last:50");
            var frame = source.NextFrame(cursor, ["length"])!;
            Assert.False(IsSnapshot(frame));
            // The row before and the new one: their steps and their figures.
            Assert.Equal(20 + sizeof(float) * 2 * 2, frame.Length);
            Assert.Equal(step, cursorRowsEnd());
        }

        int cursorRowsEnd() => _zoomed.Points[cursor.Rows - 1].Last;
    }

    [Fact]
    public async Task The_table_has_the_steps_too()
    {
        await ZoomAsync("1002-1010");

        var table = HistoryTable.Of(_zoomed, TrainingCharts.Chosen(TrainingCharts.Of(StepMetrics.All), "length"), "1002-1010");

        Assert.Equal(["1010", "1009", "1008"], table.Rows.Take(3).Select(row => row.Steps));
        Assert.Equal(9, table.Rows.Count);
    }

    private static StepSummary Step(int step) => Samples.Step(1) with { Step = step, Length = step };

    private static bool IsSnapshot(byte[] frame) => (frame[4] & 1) != 0;

    private StepPoint Row(int step) => _zoomed.Points.Single(point => point.First <= step && point.Last >= step);

    private async Task ZoomAsync(string zoom) =>
        _zoomed.Show(_zoomed.Wanted(zoom) is { } wanted ? await _whole.ReadAsync(_history, wanted.From, wanted.To, Cancellation) : []);
}
