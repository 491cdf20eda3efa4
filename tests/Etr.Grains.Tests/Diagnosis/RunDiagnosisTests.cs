using Etr.Grains.Diagnosis;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using static Etr.Grains.Tests.Diagnosis.Views;

namespace Etr.Grains.Tests.Diagnosis;

public class RunDiagnosisTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private readonly DiagnosisRecord _record = new();
    private readonly Dictionary<string, int> _clearedAt = [];
    private int _step;

    [Fact]
    public void A_finding_is_raised_after_its_rule_held_for_longer_than_one_step_has_a_say_and_says_since_the_first_time()
    {
        Assert.Empty(Look(share: 1, times: 5));
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
    public void A_figure_just_below_its_limit_keeps_the_finding_and_one_well_below_it_clears_it()
    {
        Look(share: 1, times: 6);

        // The limit is 0.8, and 0.72 with hysteresis.
        Assert.Empty(Look(share: 0.75));
        Assert.Empty(Look(share: 0.5, times: 5));
        Assert.Empty(Look(share: 0.75));
        Assert.Empty(Look(share: 0.5, times: 5));
        Assert.Single(RunDiagnosis.Findings(_record, isRunning: true));

        FindingChange cleared = Assert.Single(Look(share: 0.5));

        Assert.False(cleared.IsRaised);
        Assert.Empty(RunDiagnosis.Findings(_record, isRunning: true));
    }

    [Fact]
    public void A_finding_that_wobbles_about_its_limit_is_told_once()
    {
        List<FindingChange> changes = [.. Look(share: 1, times: 6)];
        for (int i = 0; i < 50; i++)
            changes.AddRange(Look(share: i % 2 == 0 ? 0.81 : 0.79));

        Assert.Equal([true], changes.Select(change => change.IsRaised));
    }

    [Theory]
    [InlineData(39, 0)]
    [InlineData(0.1, 10_000)]
    public void One_step_unlike_the_others_neither_raises_nor_clears(double usual, double once)
    {
        // A learner that waits 95 % of its time, and one step that takes very long; and the other way round.
        List<FindingChange> changes = Steps(60, step => step == 40 ? once : usual, TimeSpan.FromMinutes(1));

        Assert.Equal(usual > once ? [true] : [], changes.Where(change => change.Finding.Rule == "learner-idle").Select(change => change.IsRaised));
    }

    [Fact]
    public void A_finding_about_steps_ends_after_a_minute_of_being_over_however_fast_the_steps_are()
    {
        List<FindingChange> changes = Steps(100, step => step <= 20 ? 39 : 0, TimeSpan.FromSeconds(1));
        FindingChange cleared = changes.Single(change => change is { IsRaised: false, Finding.Rule: "learner-idle" });

        // With step 21 the mean is below its limit by enough, and sixty seconds later that is a minute.
        Assert.Equal(81, _clearedAt[cleared.Finding.Rule]);
    }

    [Fact]
    public void What_jumped_and_stays_is_a_finding_for_as_long_as_it_stays()
    {
        List<StepSummary> steps = [];
        List<FindingChange> changes = [];
        for (int step = 1; step <= 200; step++)
        {
            double after = step <= 30 ? 0.05 : step <= 150 ? 0.6 : 0.05;
            steps.Add(Step(step) with { Truncated = after, StepEntropy = 10 * after, SamplerGap = after, Length = 1000 * after });
            changes.AddRange(RunDiagnosis.Look(_record, Of() with { Steps = [.. steps.TakeLast(20)] }, live: false, step, Start.AddMinutes(step)));
            if (step == 150)
            {
                Assert.All(changes, change => Assert.True(change.IsRaised));
                Assert.Contains(changes, change => change.Finding.Rule == "truncation");
                string seen = RunDiagnosis.Findings(_record, isRunning: true).Single(finding => finding.Rule == "truncation").Seen;
                Assert.Equal("60 % of the traces were cut off on average over 5 steps, 5 % some 134 steps before", seen);
            }
        }

        Assert.Equal(["entropy-blow-up", "length-drift", "sampler-gap", "truncation"], changes.Where(change => change.IsRaised).Select(change => change.Finding.Rule).Order());
        Assert.Equal(["entropy-blow-up", "length-drift", "sampler-gap", "truncation"], changes.Where(change => !change.IsRaised).Select(change => change.Finding.Rule).Order());
    }

    [Fact]
    public void A_finding_about_now_stands_while_nobody_answers_but_not_for_ever()
    {
        LookNow(second: 0, pool: Pool());
        Assert.Single(LookNow(second: 5, pool: Pool()));

        for (int second = 10; second < 310; second += 5)
            Assert.Empty(LookNow(second, pool: null));
        Assert.Single(RunDiagnosis.Findings(_record, isRunning: true));

        FindingChange dropped = Assert.Single(LookNow(second: 310, pool: null));
        Assert.False(dropped.IsRaised);
        Assert.StartsWith("diagnosis no-sampler stands no longer: nothing was known of it for 5 minutes", dropped.Words, StringComparison.Ordinal);
        Assert.Empty(_record.Rules);
    }

    [Fact]
    public void An_answer_begins_the_time_of_not_knowing_anew()
    {
        LookNow(second: 0, pool: Pool());
        LookNow(second: 5, pool: Pool());
        Assert.Empty(LookNow(second: 10, pool: null));
        Assert.Empty(LookNow(second: 200, pool: Pool()));
        Assert.Empty(LookNow(second: 205, pool: null));
        Assert.Empty(LookNow(second: 400, pool: null));

        Assert.Empty(LookNow(second: 405, pool: Pool(Sampler())));
        Assert.False(Assert.Single(LookNow(second: 410, pool: Pool(Sampler()))).IsRaised);
    }

    [Fact]
    public void Groups_dropped_as_stale_are_counted_over_the_newest_steps()
    {
        var record = new DiagnosisRecord();

        // Nine in the first steps, four in the eleventh.
        long[] over = [.. Enumerable.Range(1, 20).Select(step => record.StaleOver(5, step, Math.Min(9, 3L * step) + (step >= 11 ? 4 : 0)))];

        Assert.Equal([0, 3, 6, 6, 6, 6, 3, 0, 0, 0, 4, 4, 4, 4, 4, 0, 0, 0, 0, 0], over);
        Assert.Equal(6, record.Stale.Count);
    }

    [Fact]
    public void The_newest_figures_are_told_and_the_beginning_stays()
    {
        Look(share: 0.85, times: 6);
        Look(share: 1);

        RunFinding finding = RunDiagnosis.Findings(_record, isRunning: true).Single();

        Assert.StartsWith("100 % of the groups", finding.Seen, StringComparison.Ordinal);
        Assert.Equal(1, finding.SinceStep);
    }

    [Fact]
    public void The_urgent_comes_first_and_what_is_wrong_now_is_no_concern_of_a_run_that_does_not_run()
    {
        Look(share: 1, times: 6);
        LookNow(second: 0, pool: Pool());
        LookNow(second: 5, pool: Pool());

        Assert.Equal(["no-sampler", "no-signal"], RunDiagnosis.Findings(_record, isRunning: true).Select(finding => finding.Rule));
        Assert.Equal(["no-signal"], RunDiagnosis.Findings(_record, isRunning: false).Select(finding => finding.Rule));
    }

    private List<FindingChange> Look(double share, int times)
    {
        List<FindingChange> changes = [];
        for (int i = 0; i < times; i++)
            changes.AddRange(Look(share));
        return changes;
    }

    private IReadOnlyList<FindingChange> LookNow(int second, PoolStatus? pool) =>
        RunDiagnosis.Look(_record, Of() with { Pool = pool }, live: true, 2, Start.AddSeconds(second));

    // Steps that train for two seconds after having waited; one that waits for nothing is slow at that.
    private List<FindingChange> Steps(int count, Func<int, double> waited, TimeSpan apart)
    {
        StepSummary[] all = [.. Enumerable.Range(1, count).Select(step => Step(step) with { RolloutSeconds = waited(step), TrainSeconds = waited(step) > 0 ? 2 : 1000, CommitSeconds = 0 })];
        List<FindingChange> changes = [];
        for (int step = 1; step <= count; step++)
        {
            IReadOnlyList<FindingChange> found = RunDiagnosis.Look(_record, Of() with { Steps = all[Math.Max(0, step - 20)..step] }, live: false, step, Start + step * apart);
            foreach (FindingChange change in found.Where(change => !change.IsRaised))
                _clearedAt[change.Finding.Rule] = step;
            changes.AddRange(found);
        }

        return changes;
    }

    private IReadOnlyList<FindingChange> Look(double share)
    {
        _step++;
        return RunDiagnosis.Look(_record, Of(step => step with { Ordinals = [.. Enumerable.Range(0, 100)], ZeroAdvantage = (int)(100 * share) }), live: false, _step, Start.AddMinutes(_step));
    }
}
