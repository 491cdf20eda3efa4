using Etr.Grains.Runs;
using Etr.Silo.Cli;
using Etr.Silo.Engines;
using Etr.Silo.Training;
using Etr.Tests.Shared;

namespace Etr.Silo.Tests.Training;

public sealed class StepFiguresTests
{
    [Fact]
    public void A_steps_line_tells_the_learning_rate_where_it_changes_and_nowhere_else()
    {
        string[] lines = Lines(StepSamples.Step(1), StepSamples.Step(2), StepSamples.Step(3) with { RateFactor = 0.5, LearningRate = 1e-4 }, StepSamples.Step(4) with { RateFactor = 0.5, LearningRate = 1e-4 });

        Assert.EndsWith("left  learning rate 1e-4 (x0.5)", lines[2], StringComparison.Ordinal);
        Assert.All([lines[0], lines[1], lines[3]], line => Assert.DoesNotContain("learning rate", line, StringComparison.Ordinal));
    }

    [Fact]
    public void A_resumed_run_tells_the_decayed_rate_at_once() =>
        Assert.EndsWith("learning rate 5e-5 (x0.25)", Lines(StepSamples.Step(9) with { RateFactor = 0.25, LearningRate = 5e-5 })[0], StringComparison.Ordinal);

    [Fact]
    public void A_steps_line_tells_the_share_of_groups_whose_trend_is_off_where_there_are_any()
    {
        string[] lines = Lines(StepSamples.Step(1) with { TrendOff = 0.25 }, StepSamples.Step(2));

        Assert.Contains("left  trend off in 25 % of groups", lines[0], StringComparison.Ordinal);
        Assert.DoesNotContain("trend off", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Every_column_of_steps_csv_is_described()
    {
        string text = File.ReadAllText(Path.Combine(StartingPolicy.Locate("models/arithmetic"), "..", "..", "docs", "metrics.md"));

        Assert.All(StepColumns.Names.Concat(["reward[NAME]", "r_length[NAME]"]), name => Assert.Contains($"`{name}`", text, StringComparison.Ordinal));
    }

    private static string[] Lines(params StepSummary[] steps)
    {
        using var output = new StringWriter();
        using var display = new PlainDisplay(new Terminal(output, output, interactive: false), TimeProvider.System);
        foreach (StepSummary step in steps)
            display.Show(Status(), [step]);
        return output.ToString().TrimEnd().Split('\n');
    }

    private static RunStatus Status() => new()
    {
        Run = "run",
        State = RunState.Running,
        Reason = "",
        Step = 0,
        Steps = 60,
        ElapsedSeconds = 1,
        Groups = new LedgerCounts { Created = 0, Consumed = 0, Stale = 0, Filtered = 0, Quarantined = 0, Unscorable = 0, Operator = 0, Open = 0 },
        Waits = [],
        PolicyFile = "",
        PolicySha256 = "",
        CheckpointFile = "",
        CheckpointSha256 = "",
        SampledTokens = 0,
        SkippedSteps = 0,
    };
}
