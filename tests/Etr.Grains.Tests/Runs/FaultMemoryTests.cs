using Etr.Grains.Feed;
using Etr.Grains.Groups;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

/// <summary>What went wrong in a run is known to whoever looks later.</summary>
public sealed class FaultMemoryTests
{
    [Fact]
    public async Task A_run_remembers_what_its_groups_told_of_with_the_step_and_after_its_silo_was_lost()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1_000)));
        await cluster.EventAsync(happened => happened.Kind == RolloutEventKind.StepCommitted);

        await cluster.Group(0).ReportAsync([new SlotReport { Slot = 0, Lease = Guid.NewGuid(), From = 0, Frame = [0, 0, 0, 0] }]);
        IReadOnlyList<RunFaultNote> told = await cluster.UntilAsync(cluster.Run().GetFaultsAsync, faults => faults.Any(fault => fault.Ordinal == 0));
        await cluster.Run().PauseAsync("to be looked at");
        await EtrCluster.DeactivateAsync(cluster.Run());
        IReadOnlyList<RunFaultNote> kept = await cluster.Run().GetFaultsAsync();

        RunFaultNote fault = kept.Single(fault => fault.Ordinal == 0);
        Assert.Equal(told.Single(other => other.Ordinal == 0), fault);
        Assert.Equal("group 0: 1 reports refused: their lease is not live", fault.Text);
        Assert.True(fault.Step >= 1);
        Assert.Equal(fault.At, (await cluster.EventAsync(happened => happened.Kind == RolloutEventKind.Fault && happened.Text == fault.Text)).At);
    }

    [Fact]
    public void The_newest_faults_are_kept_and_their_texts_are_bounded()
    {
        RunFaultNote[] notes = [];
        for (int i = 0; i < 1_000; i++)
            notes = RunFaultNote.Add(notes, new RunFaultNote(DateTimeOffset.UnixEpoch, 1, i, -1, new string('x', 5_000)));

        Assert.Equal((RunFaultNote.Most, 800L, 999L), (notes.Length, notes[0].Ordinal, notes[^1].Ordinal));
        Assert.All(notes, note => Assert.Equal(RunFaultNote.LongestText, note.Text.Length));
    }

    [Fact]
    public async Task A_step_says_what_grading_took_and_how_long_the_learner_waited_for_it_alone()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 2)));
        await cluster.EndedAsync();

        IReadOnlyList<StepSummary> steps = await cluster.Run().GetStepsAsync(1);

        Assert.Equal(2, steps.Count);
        Assert.All(steps, step => Assert.True(step.GradeSeconds > 0 && step.GradeTailSeconds > 0));
        Assert.All(steps, step => Assert.InRange(step.GradeTailSeconds, 0, step.RolloutSeconds));
    }
}
