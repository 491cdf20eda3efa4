using Etr.Core.Runs;
using Etr.Grains.Diagnosis;
using Etr.Grains.Diagnosis.Rules;
using Etr.Grains.Runs;
using Etr.Grains.Waits;
using static Etr.Grains.Tests.Diagnosis.Views;

namespace Etr.Grains.Tests.Diagnosis;

public class RuleTests
{
    [Fact]
    public void A_sound_run_breaks_no_rule() => Assert.Empty(RunDiagnosis.All.Where(rule => rule.Read(Of()) is { Holds: true }).Select(rule => rule.Name));

    [Fact]
    public void A_run_without_a_step_breaks_no_rule_about_steps() =>
        Assert.Empty(RunDiagnosis.All.Where(rule => !rule.IsLive && rule.Read(Of(steps: 0)) is not null).Select(rule => rule.Name));

    [Fact]
    public void Every_rule_has_a_name_of_its_own_and_says_what_to_try_in_a_sentence()
    {
        Assert.Equal(14, RunDiagnosis.All.Select(rule => rule.Name).Distinct().Count());
        Assert.All(RunDiagnosis.All, rule => Assert.Matches("^[A-Z].*\\.$", rule.Try));
    }

    [Fact]
    public void The_most_urgent_rules_come_first() =>
        Assert.Equal(RunDiagnosis.All.Select(rule => rule.Level).OrderDescending(), RunDiagnosis.All.Select(rule => rule.Level));

    [Fact]
    public void The_reward_pays_for_length_where_the_guard_s_mean_is_positive() => AssertHolds(
        new PaysForLength(), Of() with { Lengthening = new GuardReading(0.234, 0, 5) },
        "r(R, length) was +0.23 on average over 5 steps: among right traces the longer ones are paid more");

    [Fact]
    public void Where_the_trend_is_not_paid_for_the_one_shaper_s_own_correlation_is_looked_at()
    {
        Assert.Equal(0.25, new PaysForLength().Read(Of(step => step with { Shapers = [new ShaperSummary("max-entropy", 1, 0, 0.25)] }))!.Value.Value, 1e-9);
        Assert.Equal(-0.25, new PaysForLength().Read(Of(step => step with { Shapers = [new ShaperSummary("max-entropy", -1, 0, 0.25)] }))!.Value.Value, 1e-9);
        Assert.Null(new PaysForLength().Read(Of()));
    }

    [Fact]
    public void The_opening_climbs_where_the_guard_says_so() =>
        AssertHolds(new OpeningClimbs(), Of() with { Opening = new GuardReading(0.64, 0.6, 5) }, "H_1, the entropy of the first step, was 0.640 nats on average over 5 steps, above 0.600");

    [Fact]
    public void Entropy_collapses_where_the_policy_is_certain_and_wrong()
    {
        AssertHolds(
            new EntropyCollapse(), Of(step => step with { StepEntropy = Later(step, 0.3, 0.004), Accuracy = 0.41 }),
            "Step entropy was 0.0040 nats on average over 5 steps at an accuracy of 0.41: the policy is certain, and wrong");
        AssertHoldsNot(new EntropyCollapse(), Of(step => step with { StepEntropy = 0.004, Accuracy = 0.97 }));
    }

    [Fact]
    public void Entropy_blows_up_where_it_rises_by_half_and_by_more_than_noise()
    {
        AssertHolds(new EntropyBlowUp(), Of(step => step with { StepEntropy = Later(step, 0.4, 0.7) }), "Step entropy was 0.700 nats on average over 5 steps, 0.400 some 15 steps before");
        AssertHoldsNot(new EntropyBlowUp(), Of(step => step with { StepEntropy = Later(step, 0.02, 0.1) }));
        AssertHoldsNot(new EntropyBlowUp(), Of(step => step with { StepEntropy = Later(step, 0.7, 0.1) }));
    }

    [Fact]
    public void Chains_drift_where_they_grow_or_shrink_at_the_cost_of_accuracy()
    {
        AssertHolds(new LengthDrift(), Of(step => step with { Length = Later(step, 40.0, 60) }), "Traces had 60.0 tokens on average over 5 steps, 40.0 some 15 steps before (+50 %)");
        AssertHolds(
            new LengthDrift(), Of(step => step with { Length = Later(step, 40.0, 20), Accuracy = Later(step, 0.6, 0.4) }),
            "Traces had 20.0 tokens on average over 5 steps, 40.0 some 15 steps before (-50 %), and accuracy fell by 20 points");
        AssertHoldsNot(new LengthDrift(), Of(step => step with { Length = Later(step, 40.0, 20), Accuracy = Later(step, 0.6, 0.7) }));
    }

    [Fact]
    public void A_shaper_dominates_where_its_weighted_spread_is_nearly_all()
    {
        AssertHolds(
            new ComponentDominates(),
            Of(step => step with { Shapers = [new ShaperSummary("outcome", 1, 0, 0) { Spread = 0.02 }, new ShaperSummary("lcpo-max", -2, 0, 0) { Spread = 0.19 }] }),
            "lcpo-max made 95 % of the reward's spread within groups over 5 steps, the other 1 the rest");

        // 0.4 and 0.5 × 0.4; a monitor never counts.
        Assert.Equal(2 / 3.0, new ComponentDominates().Read(Of())!.Value.Value, 1e-9);
        Assert.Null(new ComponentDominates().Read(Of(step => step with { Shapers = [step.Shapers[0], step.Shapers[1] with { Weight = 0 }] })));
    }

    [Fact]
    public void A_term_of_one_shaper_s_reward_dominates_as_a_shaper_of_a_mix_does()
    {
        StepSummary Of3(StepSummary step, double length) => step with
        {
            Shapers = [step.Shapers[0]],
            Terms = [new TermSummary("correctness", 0.9), new TermSummary("trend", 0.05), .. length > 0 ? [new TermSummary("length", length)] : Array.Empty<TermSummary>()],
        };

        AssertHolds(new ComponentDominates(), Of(step => Of3(step, 0)), "correctness made 95 % of the reward's spread within groups over 5 steps, the other 1 the rest");

        // Length was paid in two of the last five steps: 0.4 × 0.5 on average.
        Assert.Equal(0.9 / (0.9 + 0.05 + 0.2), new ComponentDominates().Read(Of(step => Of3(step, step.Step > 18 ? 0.5 : 0)))!.Value.Value, 1e-9);

        // A reward of one term has nothing that could be outweighed.
        Assert.Null(new ComponentDominates().Read(Of(step => step with { Shapers = [step.Shapers[0]], Terms = [new TermSummary("correctness", 0.9)] })));
    }

    [Fact]
    public void The_gap_between_sampler_and_learner_grows() => AssertHolds(
        new SamplerGap(), Of(step => step with { SamplerGap = Later(step, 0.01, 0.05) }), "Learner and sampler differed by 0.0500 nats a token on average over 5 steps, by 0.0100 some 15 steps before");

    [Fact]
    public void A_gap_that_is_tiny_may_grow() => AssertHoldsNot(new SamplerGap(), Of(step => step with { SamplerGap = Later(step, 1e-6, 0.01) }));

    [Fact]
    public void More_traces_are_cut_off() => AssertHolds(
        new Truncation(), Of(step => step with { Truncated = Later(step, 0.05, 0.2) }), "20 % of the traces were cut off on average over 5 steps, 5 % some 15 steps before");

    [Fact]
    public void Most_groups_teach_nothing() =>
        AssertHolds(new NoSignal(), Of(step => step with { ZeroAdvantage = 4 }), "100 % of the groups had no advantage other than zero, on average over 5 steps");

    [Fact]
    public void Tokens_are_as_old_as_they_may_be_or_groups_are_dropped_as_stale()
    {
        DiagnosisView old = Of(step => step with { Staleness = 3.9 }) with { StalenessBound = 4 };
        AssertHolds(new Stale(), old, "Tokens were 3.90 versions old on average over 5 steps, of at most 4");

        // Five steps of four groups each, and five more that nobody trained on.
        DiagnosisView dropped = Of() with { StalenessBound = 1, Dropped = 5 };
        AssertHolds(new Stale(), dropped, "20 % of the groups were dropped as stale over 5 steps, drawn by a policy more than 1 versions old");
        AssertHoldsNot(new Stale(), dropped with { Dropped = 2 });

        // With a bound of one, one is what a run that does not wait has.
        AssertHoldsNot(new Stale(), Of(step => step with { Staleness = 1 }) with { StalenessBound = 1 });
        Assert.Null(new Stale().Read(Of()));
    }

    [Fact]
    public void What_to_try_against_stale_groups_depends_on_which_side_is_slower()
    {
        Assert.Null(new Stale().Read(Of(step => step with { Staleness = 3.9 }) with { StalenessBound = 4 })!.Value.Try);
        Assert.StartsWith("Samplers are too slow", new Stale().Read(Of() with { StalenessBound = 4, Dropped = 5 })!.Value.Try, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_has_shaper_guarded_is_not_told_to_choose_it()
    {
        DiagnosisView view = Of() with { Opening = new GuardReading(0.64, 0.6, 5) };
        Assert.Null(new OpeningClimbs().Read(view with { Alpha = 1 })!.Value.Try);
        Assert.StartsWith("With α = 0", new OpeningClimbs().Read(view)!.Value.Try, StringComparison.Ordinal);
        Assert.DoesNotContain("is the way out", new OpeningClimbs().Read(view)!.Value.Try, StringComparison.Ordinal);
    }

    [Fact]
    public void One_of_the_first_steps_does_not_decide_what_the_newest_are_compared_with() => AssertHoldsNot(
        new LengthDrift(), Of(step => step with { Length = step.Step == 3 ? 400 : 40, Accuracy = step.Step == 3 ? 1 : 0.6 }));

    [Fact]
    public void The_learner_waits_for_groups_nearly_all_the_time() => AssertHolds(
        new LearnerIdle(), Of(step => step with { RolloutSeconds = 38, TrainSeconds = 1.5, CommitSeconds = 0.5 }), "The learner waited 95 % of the time for groups over 5 steps, 38.0 s of 40.0 s a step");

    [Fact]
    public void No_sampler_is_live_or_all_are_leaving()
    {
        AssertHolds(new NoSampler(), Of() with { Pool = Pool() }, "No sampler is live, and 24 slots are waited for");
        AssertHolds(new NoSampler(), Of() with { Pool = Pool(Sampler() with { Draining = true }) }, "No sampler is live (1 drain and take nothing new), and 24 slots are waited for");
        Assert.Null(new NoSampler().Read(Of() with { Pool = null }));
    }

    [Fact]
    public void The_disk_fills()
    {
        AssertHolds(new DiskFilling(), Of() with { FreeBytes = 500L << 20 }, "500 MiB are free on the run's disk, less than 1024");
        AssertHolds(
            new DiskFilling(), Of() with { FreeBytes = 500L << 20, FreeBytesFall = 1 << 20 },
            "500 MiB are free on the run's disk, less than 1024: full in about 6 min at this rate");
        Assert.Null(new DiskFilling().Read(Of() with { FreeBytes = null }));
    }

    [Fact]
    public void The_disk_will_soon_be_full_at_the_rate_at_which_it_fills()
    {
        // The run is paused at 128 MiB: 2,400 MiB at 60 a minute.
        DiagnosisView filling = Of() with { FreeBytes = (2400L + 128) << 20, FreeBytesFall = 1 << 20 };
        AssertHolds(new DiskFilling(), filling, "2528 MiB are free on the run's disk and 60 fewer each minute: full in about 40 min at this rate");

        // In 80 minutes; and room is made.
        AssertHoldsNot(new DiskFilling(), filling with { FreeBytesFall = 1 << 19 });
        AssertHoldsNot(new DiskFilling(), filling with { FreeBytesFall = -(1 << 20) });
        AssertHoldsNot(new DiskFilling(), filling with { Options = new DiagnosisOptions { DiskFullMinutes = 0 } });
    }

    [Fact]
    public void A_disk_that_will_soon_be_full_is_no_news_again_once_there_is_time()
    {
        DiagnosisView At(double minutes) => Of() with { FreeBytes = (6000L + 128) << 20, FreeBytesFall = (6000L << 20) / (60 * minutes) };

        // The limit is an hour, and a tenth of a ratio more than that clears.
        Assert.Equal([(true, false), (false, false), (false, true)], new[] { 59.0, 62, 68 }.Select(minutes => new DiskFilling().Read(At(minutes))!.Value).Select(reading => (reading.Holds, reading.IsOver)));
    }

    [Fact]
    public void A_wait_is_long_by_the_clock_and_by_what_steps_take()
    {
        Wait wait = new() { Who = "learner", What = "sealed groups for step 21: 0 of 4 are here", Seconds = 40, DeadlineSeconds = 5 };
        AssertHolds(new LongWait(), Of() with { Waits = [wait] }, "The learner has waited 40 s for sealed groups for step 21: 0 of 4 are here, longer than the 30 s that are usual");

        // Four versions ahead of steps of six seconds, 42 s are no news; before the first step, nobody knows.
        AssertHoldsNot(new LongWait(), Of(step => step with { RolloutSeconds = 4, TrainSeconds = 2, CommitSeconds = 0 }) with { Waits = [wait], StalenessBound = 4 });
        AssertHoldsNot(new LongWait(), Of(steps: 0) with { Waits = [wait] });
        AssertHolds(new LongWait(), Of(steps: 0) with { Waits = [wait with { Seconds = 400 }] }, "The learner has waited 400 s for sealed groups for step 21: 0 of 4 are here, longer than the 300 s that are usual");

        // Steps of a minute: three of them are no news.
        AssertHoldsNot(new LongWait(), Of(step => step with { RolloutSeconds = 58, TrainSeconds = 2, CommitSeconds = 0 }) with { Waits = [wait] });
    }

    private static void AssertHolds(IDiagnosisRule rule, DiagnosisView view, string seen)
    {
        RuleReading reading = Assert.NotNull(rule.Read(view));
        Assert.Equal((true, seen), (reading.Holds, reading.Seen));
    }

    private static void AssertHoldsNot(IDiagnosisRule rule, DiagnosisView view) => Assert.False(rule.Read(view)!.Value.Holds);
}
