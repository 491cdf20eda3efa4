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

    private void Look(SiloStatusLine[] silos, SamplerStatus[] samplers) =>
        LookAt(silos, new PoolStatus { Samplers = samplers, Leases = 0, Voided = 0 });

    private void LookAt(SiloStatusLine[] silos, PoolStatus pool) => _log.Look(silos, pool, DateTimeOffset.UnixEpoch);

    private static SiloStatusLine Silo(string name, string state = "active") => new(name, SiloRoles.Sampler, state, "", [], "");

    private static SamplerStatus Sampler(string name, bool draining = false) => Samples.Pool().Samplers[0] with { Sampler = name, Draining = draining };
}
