using Etr.Dashboard.Faults;
using Etr.Dashboard.History;
using Etr.Dashboard.Tests.Hosting;
using Etr.Dashboard.Wall;
using Etr.Grains.Feed;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Tests.Faults;

public sealed class FaultEntryTests
{
    private readonly RunWall _wall = new(Samples.Run);
    private readonly RunHistory _history = new(Samples.Run);

    [Fact]
    public void A_fault_of_a_group_stands_at_the_step_that_was_committed_last()
    {
        _wall.Apply(Samples.Event(RolloutEventKind.StepCommitted, -1, ordinal: 7));
        _wall.Apply(Samples.Event(RolloutEventKind.Fault, 3, ordinal: 120) with { Text = "group 120: silo-b/cpu was lost" });

        var entry = Assert.Single(FaultEntry.Of(Samples.Status(), _history, _wall));

        Assert.Equal((7, "group", 120L, 3), (entry.Step, entry.Kind, entry.Ordinal, entry.Prompt));
    }

    [Fact]
    public void What_the_run_remembers_is_told_once_though_the_feed_told_it_too()
    {
        _wall.Apply(Samples.Event(RolloutEventKind.Fault, -1, ordinal: 9) with { Text = "guard opening (warn): H_1 climbs" });
        _wall.Apply(Samples.Event(RolloutEventKind.Fault, -1, ordinal: 12) with { Text = "three updates in a row were skipped" });
        _history.Add(Samples.Step(1) with { Applied = false });
        var status = Samples.Status(RunState.Failed) with
        {
            Reason = "three updates in a row were skipped",
            Alarms = [new RunAlarm("opening", 9, "warn", "H_1 climbs")],
            Evaluations = [Samples.Evaluation(5, 0) with { Failure = "no sampler" }, Samples.Evaluation(6, 0.5)],
        };

        Assert.Equal(["run 12", "guard 9", "evaluation 5", "skipped 1"], FaultEntry.Of(status, _history, _wall).Select(entry => $"{entry.Kind} {entry.Step}"));
    }

    [Fact]
    public void Faults_without_end_take_bounded_memory()
    {
        for (var i = 0; i < 2_000; i++)
            _wall.Apply(Samples.Event(RolloutEventKind.Fault, 3, ordinal: i) with { Text = new string('x', 10_000) });

        Assert.Equal(500, _wall.Faults.Count);
        Assert.All(_wall.Faults, fault => Assert.InRange(fault.Text.Length, 1, 2_001));
    }
}
