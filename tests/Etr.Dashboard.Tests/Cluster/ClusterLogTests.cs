using Etr.Dashboard.Cluster;
using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;

namespace Etr.Dashboard.Tests.Cluster;

public sealed class ClusterLogTests
{
    private readonly ClusterLog _log = new();

    [Fact]
    public void Who_is_gone_without_a_word_was_lost_and_who_had_said_so_has_left()
    {
        Look([Silo("a"), Silo("b"), Silo("c")], [Sampler("b/cpu"), Sampler("c/cpu")]);
        Look([Silo("a"), Silo("b"), Silo("c", "shuttingdown")], [Sampler("b/cpu"), Sampler("c/cpu", draining: true)]);
        Look([Silo("a")], []);

        Assert.Equal(
            ["joined a", "joined b", "joined c", "joined b/cpu", "joined c/cpu", "draining c", "draining c/cpu", "lost b", "left c", "lost b/cpu", "left c/cpu"],
            _log.Events.Select(happened => $"{happened.Kind} {happened.Who}"));
    }

    [Fact]
    public void A_silo_whose_sampler_drained_has_left_even_where_nobody_saw_it_shut_down()
    {
        Look([Silo("b")], [Sampler("b/cpu", draining: true)]);
        Look([], []);

        Assert.Equal(["left b", "left b/cpu"], _log.Events.Skip(2).Select(happened => $"{happened.Kind} {happened.Who}"));
    }

    [Fact]
    public void The_timeline_reaches_back_to_what_membership_remembers()
    {
        var start = DateTimeOffset.UnixEpoch - TimeSpan.FromHours(3);
        _log.Begin(
        [
            new MemberLife("a", "a:1", start, null, MemberEnd.None),
            new MemberLife("b", "b:1", start.AddHours(1), start.AddHours(2), MemberEnd.Lost),
            new MemberLife("c", "c:1", start.AddMinutes(5), start.AddMinutes(90), MemberEnd.Left),
            new MemberLife("d", "d:1", start.AddMinutes(6), start.AddMinutes(100), MemberEnd.Unclear),
        ]);
        Look([Silo("a"), Silo("e")], []);
        Look([Silo("e")], []);

        Assert.Equal(
            ["joined a", "joined c", "joined d", "joined b", "left c", "ended d", "lost b", "joined e", "lost a"],
            _log.Events.Select(happened => $"{happened.Kind} {happened.Who}"));
        Assert.Equal(start, _log.Events.First().At);
    }

    [Fact]
    public void Memory_comes_before_the_first_look_or_not_at_all()
    {
        Look([Silo("a")], []);
        _log.Begin([new MemberLife("b", "b:1", DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, MemberEnd.Left)]);

        Assert.Equal("joined a", string.Join(", ", _log.Events.Select(happened => $"{happened.Kind} {happened.Who}")));
    }

    [Fact]
    public void A_pool_that_has_just_come_up_loses_nobody_whose_silo_is_there()
    {
        Look([Silo("b"), Silo("c")], [Sampler("b/cpu"), Sampler("c/cpu")]);
        LookAt([Silo("c")], new PoolStatus { Samplers = [], Leases = 0, Voided = 0, Young = true });
        Assert.Equal(["lost b", "lost b/cpu"], _log.Events.Skip(4).Select(happened => $"{happened.Kind} {happened.Who}"));
        Look([Silo("c")], [Sampler("c/cpu")]);
        Assert.Equal(6, _log.Events.Count);

        LookAt([Silo("c")], new PoolStatus { Samplers = [], Leases = 0, Voided = 0, Young = true });
        Look([Silo("c")], []);
        Assert.Equal("lost c/cpu", _log.Events.Skip(6).Select(happened => $"{happened.Kind} {happened.Who}").Single());
    }

    [Fact]
    public void The_timeline_is_bounded()
    {
        for (var i = 0; i < 1_000; i++)
            Look(i % 2 == 0 ? [Silo("a")] : [], []);

        Assert.Equal(300, _log.Events.Count);
    }

    [Fact]
    public void The_learner_is_idle_while_traces_are_drawn()
    {
        var times = StepTimes.Of([Samples.Step(1) with { RolloutSeconds = 3, TrainSeconds = 1, CommitSeconds = 0 }, Samples.Step(2) with { RolloutSeconds = 1, TrainSeconds = 2, CommitSeconds = 1 }]);

        Assert.Equal([0, 4], times.Select(time => time.Begin));
        Assert.Equal(0.5, StepTimes.IdleShare(times));
        Assert.True(double.IsNaN(StepTimes.IdleShare([])));
    }

    [Fact]
    public void Grades_that_the_learner_waited_for_are_a_bar_of_their_own()
    {
        var times = StepTimes.Of(
        [
            Samples.Step(1) with { RolloutSeconds = 3, GradeTailSeconds = 0.5, TrainSeconds = 1, CommitSeconds = 0 },
            Samples.Step(2) with { RolloutSeconds = 0.25, GradeTailSeconds = 2, TrainSeconds = 1, CommitSeconds = 0 },
            Samples.Step(3) with { RolloutSeconds = 1, GradeTailSeconds = double.NaN, TrainSeconds = 1, CommitSeconds = 0 },
        ]);

        Assert.Equal([(2.5, 0.5, 4.0), (0, 0.25, 1.25), (1, 0, 2)], times.Select(time => (time.Generate, time.Grade, time.Seconds)));
    }

    private void Look(SiloStatusLine[] silos, SamplerStatus[] samplers) =>
        LookAt(silos, new PoolStatus { Samplers = samplers, Leases = 0, Voided = 0 });

    private void LookAt(SiloStatusLine[] silos, PoolStatus pool) => _log.Look(silos, pool, DateTimeOffset.UnixEpoch);

    private static SiloStatusLine Silo(string name, string state = "active") => new(name, SiloRoles.Sampler, state, "", [], "");

    private static SamplerStatus Sampler(string name, bool draining = false) => Samples.Pool().Samplers[0] with { Sampler = name, Draining = draining };
}
