using Etr.Grains.Diagnosis;
using static Etr.Grains.Tests.Diagnosis.Views;

namespace Etr.Grains.Tests.Diagnosis;

public class RunDiagnosisTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private readonly DiagnosisRecord _record = new();
    private int _step;

    [Fact]
    public void A_finding_is_raised_after_its_rule_held_twice_and_says_since_the_first_time()
    {
        Assert.Empty(Look(share: 1));
        Assert.Empty(RunDiagnosis.Findings(_record, isRunning: true));

        FindingChange raised = Assert.Single(Look(share: 1));

        Assert.True(raised.IsRaised);
        Assert.Equal(("no-signal", 1, Start.AddMinutes(1)), (raised.Finding.Rule, raised.Finding.SinceStep, raised.Finding.SinceAt));
        Assert.Equal([raised.Finding], RunDiagnosis.Findings(_record, isRunning: true));
        Assert.Empty(Look(share: 1));
    }

    [Fact]
    public void A_rule_that_holds_once_and_not_again_raises_nothing()
    {
        foreach (double share in (double[])[1, 0, 1, 0, 1, 0])
            Assert.Empty(Look(share));
        Assert.Empty(_record.Rules);
    }

    [Fact]
    public void A_figure_just_below_its_limit_keeps_the_finding_and_one_well_below_it_twice_clears_it()
    {
        Look(share: 1);
        Look(share: 1);

        // The limit is 0.8, and 0.72 with hysteresis.
        Assert.Empty(Look(share: 0.75));
        Assert.Empty(Look(share: 0.5));
        Assert.Empty(Look(share: 0.75));
        Assert.Empty(Look(share: 0.5));
        Assert.Single(RunDiagnosis.Findings(_record, isRunning: true));

        FindingChange cleared = Assert.Single(Look(share: 0.5));

        Assert.False(cleared.IsRaised);
        Assert.Empty(RunDiagnosis.Findings(_record, isRunning: true));
    }

    [Fact]
    public void A_finding_that_wobbles_about_its_limit_is_told_once()
    {
        List<FindingChange> changes = [.. Look(share: 1), .. Look(share: 1)];
        for (int i = 0; i < 50; i++)
            changes.AddRange(Look(share: i % 2 == 0 ? 0.81 : 0.79));

        Assert.Equal([true], changes.Select(change => change.IsRaised));
    }

    [Fact]
    public void The_newest_figures_are_told_and_the_beginning_stays()
    {
        Look(share: 0.85);
        Look(share: 0.85);
        Look(share: 1);

        RunFinding finding = RunDiagnosis.Findings(_record, isRunning: true).Single();

        Assert.StartsWith("100 % of the groups", finding.Seen, StringComparison.Ordinal);
        Assert.Equal(1, finding.SinceStep);
    }

    [Fact]
    public void The_urgent_comes_first_and_what_is_wrong_now_is_no_concern_of_a_run_that_does_not_run()
    {
        Look(share: 1);
        Look(share: 1);
        RunDiagnosis.Look(_record, Of() with { Pool = Pool() }, live: true, 2, Start);
        RunDiagnosis.Look(_record, Of() with { Pool = Pool() }, live: true, 2, Start);

        Assert.Equal(["no-sampler", "no-signal"], RunDiagnosis.Findings(_record, isRunning: true).Select(finding => finding.Rule));
        Assert.Equal(["no-signal"], RunDiagnosis.Findings(_record, isRunning: false).Select(finding => finding.Rule));
    }

    private IReadOnlyList<FindingChange> Look(double share)
    {
        _step++;
        return RunDiagnosis.Look(_record, Of(step => step with { Ordinals = [.. Enumerable.Range(0, 100)], ZeroAdvantage = (int)(100 * share) }), live: false, _step, Start.AddMinutes(_step));
    }
}
