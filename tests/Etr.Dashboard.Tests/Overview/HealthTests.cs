using Etr.Dashboard.Charts;
using Etr.Dashboard.History;
using Etr.Dashboard.Overview;
using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Diagnosis;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Etr.Grains.Waits;

namespace Etr.Dashboard.Tests.Overview;

public sealed class HealthTests
{
    private static readonly PoolStatus NoSampler = new() { Samplers = [], Leases = 0, Voided = 0 };

    [Fact]
    public void A_failed_run_is_the_most_urgent_and_says_how_to_go_on()
    {
        var health = Health.Of(Samples.Status(RunState.Failed) with { Reason = "three steps in a row were not finite" }, [], NoSampler, []);

        Assert.Equal(HealthLevel.Bad, health.Level);
        Assert.Equal("The run stopped: three steps in a row were not finite. Resume it from this page, or with etr run resume run-1.", health.Words);
    }

    [Fact]
    public void Without_samplers_the_run_says_so() =>
        Assert.Equal("no-sampler", Health.Of(Samples.Status(), [Samples.Step(1)], NoSampler, []).Kind);

    [Fact]
    public void That_no_sampler_is_live_is_told_before_the_wait_of_whoever_waits_longest()
    {
        var status = Samples.Status() with
        {
            Waits =
            [
                new Wait { Who = "learner", What = "groups of step 8", Seconds = 44, DeadlineSeconds = 30 },
                new Wait { Who = "group 24", What = "a free sampler slot: no sampler is live", Seconds = 41, DeadlineSeconds = 3 },
            ],
        };

        Assert.Equal("Waiting 41 s for a sampler: none is live. Nothing is drawn until one registers.", Health.Of(status, [Samples.Step(1)], NoSampler, []).Words);
    }

    [Fact]
    public void A_sampler_that_drains_is_none_to_wait_for()
    {
        var pool = Samples.Pool() with { Samplers = [.. Samples.Pool().Samplers.Select(sampler => sampler with { Draining = true })] };

        Assert.Equal("Waiting for a sampler: all drain and take nothing new. Nothing is drawn until one registers.", Health.Of(Samples.Status() with { Waits = [] }, [], pool, []).Words);
    }

    [Fact]
    public void A_pool_that_has_just_come_up_is_not_believed_while_a_silo_may_have_a_sampler()
    {
        var silo = new SiloStatusLine("b", SiloRoles.Sampler, "active", "", [], "");
        string Kind(params SiloStatusLine[] silos) => Health.Of(Samples.Status() with { Waits = [] }, [Samples.Step(1)], NoSampler with { Young = true }, silos).Kind;

        Assert.Equal("steady", Kind(silo));
        Assert.Equal("no-sampler", Kind(silo with { Roles = SiloRoles.Learner }));
        Assert.Equal("no-sampler", Kind(silo with { State = "dead" }));
    }

    [Fact]
    public void A_sampler_that_is_there_again_is_believed_before_the_finding_is_cleared()
    {
        var status = Samples.Status() with { Waits = [], Findings = [new("no-sampler", FindingLevel.Bad, "No sampler is live", "Start one.", 7, DateTimeOffset.UnixEpoch)] };

        Assert.Equal("steady", Health.Of(status, [Samples.Step(1)], Samples.Pool(), []).Kind);
        Assert.Equal("no-sampler", Health.Of(status, [Samples.Step(1)], null, []).Kind);
    }

    [Fact]
    public void A_short_wait_is_no_news()
    {
        var status = Samples.Status() with { Waits = [new Wait { Who = "learner", What = "a batch", Seconds = 2, DeadlineSeconds = 30 }] };

        Assert.Equal("steady", Health.Of(status, [Samples.Step(1)], Samples.Pool(), []).Kind);
    }

    [Fact]
    public void The_kind_stays_while_only_seconds_pass()
    {
        Health At(double seconds) => Health.Of(
            Samples.Status() with { Waits = [new Wait { Who = "learner", What = "a batch", Seconds = seconds, DeadlineSeconds = 60 - seconds }] },
            [], Samples.Pool(), []);

        Assert.Equal(At(20).Kind, At(21).Kind);
        Assert.NotEqual(At(20).Words, At(21).Words);
    }

    [Fact]
    public void What_the_run_has_found_is_told_with_since_when_and_what_to_try()
    {
        var finding = new RunFinding("pays-for-length", FindingLevel.Notice, "r(R, length) was +0.62", "Lower its weight.", 7, new DateTimeOffset(2026, 11, 25, 13, 5, 7, TimeSpan.Zero));

        var health = Health.Of(Samples.Status() with { Findings = [finding] }, [Samples.Step(1)], Samples.Pool(), []);

        Assert.Equal((HealthLevel.Notice, "pays-for-length"), (health.Level, health.Kind));
        Assert.Equal("r(R, length) was +0.62, since step 7 (2026-11-25 13:05:07 UTC). Lower its weight.", health.Words);
    }

    [Fact]
    public void A_fall_of_entropy_is_told_with_its_size_and_time()
    {
        StepSummary[] steps = [.. Enumerable.Range(1, 31).Select(step => Samples.Step(step) with { StepEntropy = step == 11 ? 0.5 : step == 31 ? 0.19 : 1, Accuracy = 1, Length = 33 })];

        Assert.Equal("Step entropy fell 62 % in 20 steps; accuracy is 100.0 %, 33.0 tokens a trace.", Health.Of(Samples.Status(), steps, Samples.Pool(), []).Words);
    }

    [Fact]
    public void A_skipped_update_is_bad_news() => Assert.Equal(
        "skipped", Health.Of(Samples.Status() with { SkippedSteps = 1 }, [Samples.Step(1) with { Applied = false }], Samples.Pool(), []).Kind);

    [Fact]
    public void Tiles_tell_the_way_from_the_first_step_with_a_figure()
    {
        var length = Tile.All.Single(tile => tile.Name == "Chain length");
        StepSummary[] steps = [Samples.Step(1) with { Length = double.NaN }, Samples.Step(2) with { Length = 80 }, Samples.Step(3) with { Length = 40 }];

        var history = new RunHistory(Samples.Run);
        Assert.Equal(Figures.None, TileFigures.Of(length, history).Now);
        history.Add(steps[0]);
        history.Add(steps[1]);
        Assert.Null(TileFigures.Of(length, history).Change);
        history.Add(steps[2]);
        Assert.Equal(("▼ from 80.0 since step 2", "good"), TileFigures.Of(length, history).Change);
    }
}
