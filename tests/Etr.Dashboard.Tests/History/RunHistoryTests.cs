using Etr.Dashboard.History;
using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.History;

public sealed class RunHistoryTests
{
    [Fact]
    public void A_run_of_any_length_takes_bounded_memory_and_hides_no_extreme()
    {
        var history = new RunHistory(Samples.Run);
        for (var step = 1; step <= 9_001; step++)
            history.Add(Samples.Step(1) with { Step = step, Accuracy = 0.5, Length = step switch { 4_321 => 900, 8_765 => 1, _ => 50 } });

        Assert.InRange(history.Points.Count, RunHistory.MostPoints / 2, RunHistory.MostPoints);
        Assert.Equal(RunHistory.MostWhole, history.Newest.Count);
        Assert.Equal((1, 9_001), (history.Points[0].First, history.Points[^1].Last));
        Assert.Equal(9_001, history.Points.Sum(point => point.Count));
        var length = history.IndexOf("length");
        Assert.Equal(900, history.Points.Max(point => point.High[length]));
        Assert.Equal(1, history.Points.Min(point => point.Low[length]));
        Assert.Contains(900, history.Series(length));
        Assert.All(history.Points, point => Assert.Equal(0.5f, point.Mean[history.IndexOf("accuracy")]));
        for (var i = 1; i < history.Points.Count; i++)
            Assert.Equal(history.Points[i - 1].Last + 1, history.Points[i].First);
    }

    [Fact]
    public void A_step_that_is_known_changes_nothing()
    {
        var history = new RunHistory(Samples.Run);
        history.Add(Samples.Step(1));
        history.Add(Samples.Step(2));
        var version = history.Version;

        history.Add(Samples.Step(2));

        Assert.Equal((version, 2, 2), (history.Version, history.LastStep, history.Points.Count));
    }

    [Fact]
    public void Joined_stretches_have_the_mean_of_what_was_defined()
    {
        var point = Point(1, 1, float.NaN, 4);
        point.Merge(Point(2, 3, 7, float.NaN));
        point.Merge(Point(3, 5, float.NaN, float.NaN));

        Assert.Equal([3, 7, 4], point.Mean);
        Assert.Equal([1, 7, 4], point.Low);
        Assert.Equal([5, 7, 4], point.High);
        Assert.Equal((1, 3, 3), (point.First, point.Last, point.Count));

        static StepPoint Point(int step, params float[] values) => new(step, values, [values[0]]);
    }

    [Fact]
    public void Each_shaper_of_the_reward_has_figures_of_its_own()
    {
        var history = new RunHistory(Samples.Run);
        history.Add(Samples.Step(1));

        Assert.Equal(0.2f, history.Points[0].Mean[history.IndexOf("shaper-r-1")]);
        Assert.Equal("r(paper, length)", history.Metrics[history.IndexOf("shaper-r-1")].Name);
        Assert.Equal(-1, history.IndexOf("shaper-r-2"));
    }

    [Fact]
    public async Task Steps_are_read_once_for_all_who_watch()
    {
        var runs = new ScriptedRuns { Steps = [.. Enumerable.Range(1, 2_500).Select(step => Samples.Step(1) with { Step = step })] };
        using var histories = new RunHistories(runs);

        var all = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => histories.UpdateAsync(Samples.Run, 2_500, TestContext.Current.CancellationToken)));

        Assert.Equal(2_500, all[0].LastStep);
        Assert.All(all, history => Assert.Same(all[0], history));
        // Three pages of a thousand at most, whoever asked.
        Assert.Equal(3, runs.StepReadings);
    }
}
