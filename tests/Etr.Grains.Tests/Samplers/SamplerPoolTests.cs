using Etr.Grains.Samplers;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Grains.Tests.Samplers;

public class SamplerPoolTests
{
    private static readonly TimeSpan Expiry = TimeSpan.FromSeconds(6);

    private readonly FakeTimeProvider _time = new();
    private readonly HashSet<SiloAddress> _dead = [];
    private readonly SamplerPool _pool;

    public SamplerPoolTests() => _pool = Fresh();

    private SamplerPool Fresh() => new(_time, Expiry, _dead.Contains);

    // Each sampler's silo follows from its name; a later life of it is another generation.
    private static SiloAddress SiloOf(string sampler, int life = 1) => SiloAddress.New(System.Net.IPAddress.Loopback, sampler[0], life);

    private SamplerPool.Lease[] Beat(string sampler, Guid epoch, int capacity = 8, params HeldLease[] held) =>
        _pool.Heartbeat(BeatOf(sampler, epoch, capacity, held), out _);

    private static SamplerHeartbeat BeatOf(string sampler, Guid epoch, int capacity, params HeldLease[] held) =>
        new() { Sampler = sampler, Epoch = epoch, Silo = SiloOf(sampler), Device = "d", Capacity = capacity, Leases = held, TokensPerSecond = 0 };

    private LeaseGrant? Ask(string group, int slots) =>
        _pool.TryLease(new LeaseRequest { Group = group, Ordinal = 0, Slots = [.. Enumerable.Range(0, slots)] });

    private static HeldLease[] Held(LeaseGrant grant, string group) => [.. grant.Leases.Select(lease => new HeldLease(lease.Lease, group, lease.Slot))];

    private static DeadLeases FindDead(SamplerPool pool, LeaseGrant grant) =>
        pool.FindDead(grant.Sampler, grant.Epoch, grant.Silo, [.. grant.Leases.Select(lease => lease.Lease)]);

    [Fact]
    public void All_slots_of_a_group_go_to_one_sampler_the_least_loaded()
    {
        Beat("a/d", Guid.NewGuid());
        Beat("b/d", Guid.NewGuid());
        string first = Ask("g1", 4)!.Sampler;
        string second = Ask("g2", 4)!.Sampler;
        Assert.Equal(["a/d", "b/d"], new[] { first, second }.Order());
        Assert.Equal(first, Ask("g1", 2)!.Sampler);
    }

    [Fact]
    public void A_group_waits_for_room_for_all_its_slots_where_a_sampler_could_have_it()
    {
        Beat("a/d", Guid.NewGuid());
        LeaseGrant first = Ask("g1", 6)!;
        Assert.Null(Ask("g2", 4));

        _pool.Release(first.Leases.Take(2).Select(lease => lease.Lease));
        Assert.Equal(4, Ask("g2", 4)!.Leases.Length);
    }

    [Fact]
    public void A_group_larger_than_any_sampler_is_drawn_in_parts()
    {
        Beat("a/d", Guid.NewGuid(), capacity: 3);
        Assert.Equal([0, 1, 2], Ask("g", 5)!.Leases.Select(lease => lease.Slot));
        Assert.Null(Ask("g", 2));
    }

    [Fact]
    public void A_sampler_that_is_silent_too_long_loses_its_leases()
    {
        Beat("a/d", Guid.NewGuid());
        LeaseGrant grant = Ask("g", 2)!;
        _time.Advance(Expiry);
        Assert.Empty(_pool.Expire());

        _time.Advance(TimeSpan.FromMilliseconds(1));
        SamplerPool.Lease[] voided = _pool.Expire();
        Assert.Equal(grant.Leases.Select(lease => lease.Lease).Order(), voided.Select(lease => lease.Id).Order());
        Assert.All(voided, lease => Assert.False(lease.Crashed));
        Assert.Equal("no sampler is live", _pool.Refuse().Reason);
    }

    [Fact]
    public void A_silo_that_membership_drops_loses_its_leases_at_once()
    {
        Beat("a/d", Guid.NewGuid());
        LeaseGrant grant = Ask("g", 2)!;
        _dead.Add(SiloOf("a/d"));
        SamplerPool.Lease[] voided = _pool.Expire();
        Assert.Equal(2, voided.Length);
        Assert.All(voided, lease => Assert.True(lease.Crashed));
        Assert.True(FindDead(_pool, grant).Crashed);
    }

    [Fact]
    public void A_restarted_sampler_loses_the_leases_of_its_earlier_life()
    {
        Beat("a/d", Guid.NewGuid());
        LeaseGrant grant = Ask("g", 2)!;
        Guid epoch = Guid.NewGuid();
        SamplerPool.Lease[] voided = Beat("a/d", epoch);
        Assert.Equal(2, voided.Length);
        Assert.All(voided, lease => Assert.False(lease.Crashed));
        Assert.Equal(0, _pool.LeaseCount);
        DeadLeases dead = FindDead(_pool, grant);
        Assert.Equal((2, false), (dead.Leases.Length, dead.Crashed));
    }

    [Fact]
    public void A_lease_that_its_sampler_does_not_draw_is_voided_after_the_expiry()
    {
        Guid epoch = Guid.NewGuid();
        Beat("a/d", epoch);
        LeaseGrant grant = Ask("g", 2)!;
        HeldLease one = Held(grant, "g")[0];
        _time.Advance(Expiry / 2);
        Assert.Empty(Beat("a/d", epoch, 8, one));
        _time.Advance(Expiry / 2 + TimeSpan.FromMilliseconds(1));
        Assert.Equal(grant.Leases[1].Lease, Assert.Single(Beat("a/d", epoch, 8, one)).Id);
    }

    [Fact]
    public void A_lease_whose_draw_has_ended_and_whose_group_died_before_giving_it_back_holds_up_nobody()
    {
        Beat("a/d", Guid.NewGuid());
        LeaseGrant grant = Ask("g1", 8)!;
        Assert.Null(Ask("g2", 8));

        SamplerPool.Lease[] left = _pool.End([.. grant.Leases.Select(lease => lease.Lease), Guid.NewGuid()]);

        Assert.Equal(8, left.Length);
        Assert.All(left, lease => Assert.Equal(("g1", false), (lease.Group, lease.Crashed)));
        Assert.Equal(grant.Leases.Select(lease => lease.Lease), FindDead(_pool, grant).Leases);
        Assert.Empty(_pool.End(grant.Leases.Select(lease => lease.Lease)));
        Assert.Equal(8, Ask("g2", 8)!.Leases.Length);
    }

    [Fact]
    public void A_sampler_is_told_to_stop_what_is_no_longer_leased()
    {
        Guid epoch = Guid.NewGuid();
        Beat("a/d", epoch);
        HeldLease[] held = Held(Ask("g", 2)!, "g");
        _pool.Release([held[0].Lease]);
        _pool.Heartbeat(BeatOf("a/d", epoch, 8, held), out Guid[] stop);
        Assert.Equal([held[0].Lease], stop);
    }

    [Fact]
    public void A_pool_that_comes_up_again_learns_its_leases_from_heartbeats()
    {
        Guid epoch = Guid.NewGuid();
        Beat("a/d", epoch);
        LeaseGrant grant = Ask("g", 3)!;

        SamplerPool again = Fresh();
        Assert.Empty(FindDead(again, grant).Leases);
        again.Heartbeat(BeatOf("a/d", epoch, 8, Held(grant, "g")), out Guid[] stop);
        Assert.Empty(stop);
        Assert.Equal(3, again.LeaseCount);
        Assert.Empty(FindDead(again, grant).Leases);
    }

    [Fact]
    public void Leases_of_a_sampler_that_never_came_back_are_dead_once_the_pool_has_listened_long_enough()
    {
        Guid[] leases = [Guid.NewGuid()];
        Assert.Empty(_pool.FindDead("a/d", Guid.NewGuid(), SiloOf("a/d"), leases).Leases);
        _time.Advance(Expiry);
        DeadLeases dead = _pool.FindDead("a/d", Guid.NewGuid(), SiloOf("a/d"), leases);
        Assert.Equal(leases, dead.Leases);
        Assert.False(dead.Crashed);
    }

    [Fact]
    public void A_pool_that_died_with_the_sampler_tells_from_the_silo_that_it_crashed_and_need_not_listen_first()
    {
        Beat("a/d", Guid.NewGuid());
        LeaseGrant grant = Ask("g", 2)!;
        _dead.Add(SiloOf("a/d"));

        DeadLeases dead = FindDead(Fresh(), grant);
        Assert.Equal((2, true), (dead.Leases.Length, dead.Crashed));
    }

    [Fact]
    public void A_process_that_came_back_before_membership_had_a_verdict_has_crashed_all_the_same()
    {
        Beat("a/d", Guid.NewGuid());
        LeaseGrant grant = Ask("g", 2)!;
        SamplerHeartbeat second = BeatOf("a/d", Guid.NewGuid(), 8) with { Silo = SiloOf("a/d", life: 2) };
        Assert.All(_pool.Heartbeat(second, out _), lease => Assert.True(lease.Crashed));
        Assert.True(FindDead(_pool, grant).Crashed);

        SamplerPool again = Fresh();
        again.Heartbeat(second, out _);
        Assert.True(FindDead(again, grant).Crashed);
    }

    [Fact]
    public void A_heartbeat_of_a_dead_silo_brings_nothing_back()
    {
        Guid epoch = Guid.NewGuid();
        Beat("a/d", epoch);
        HeldLease[] held = Held(Ask("g", 2)!, "g");
        _dead.Add(SiloOf("a/d"));
        _pool.Expire();
        Assert.Empty(_pool.Heartbeat(BeatOf("a/d", epoch, 8, held), out Guid[] stop));
        Assert.Equal(held.Select(lease => lease.Lease), stop);
        Assert.Empty(_pool.Status());
    }

    [Fact]
    public void A_draining_sampler_keeps_its_leases_and_gets_no_other()
    {
        Guid epoch = Guid.NewGuid();
        Beat("a/d", epoch);
        LeaseGrant grant = Ask("g", 2)!;
        _pool.Heartbeat(BeatOf("a/d", epoch, 8, Held(grant, "g")) with { Draining = true }, out _);

        // A beat that was sent before and comes after changes nothing.
        Beat("a/d", epoch, 8, Held(grant, "g"));
        Assert.Null(Ask("g", 1));
        Assert.Equal("every sampler is draining", _pool.Refuse().Reason);
        Assert.Equal((true, 2), (_pool.Status()[0].Draining, _pool.Status()[0].Used));
        Assert.Equal(0, _pool.FreeSlots);

        Beat("b/d", Guid.NewGuid());
        Assert.Equal("b/d", Ask("g", 1)!.Sampler);
    }

    [Fact]
    public void A_sampler_that_left_or_was_draining_did_not_crash_when_its_silo_dies()
    {
        Guid left = Guid.NewGuid();
        Beat("a/d", left);
        LeaseGrant first = Ask("g1", 2)!;
        Assert.All(_pool.Leave("a/d", left), lease => Assert.False(lease.Crashed));
        Assert.Empty(Beat("a/d", left, 8, Held(first, "g1")));
        Assert.Empty(_pool.Status());

        Guid draining = Guid.NewGuid();
        Beat("b/d", draining);
        LeaseGrant second = Ask("g2", 2)!;
        _pool.Heartbeat(BeatOf("b/d", draining, 8, Held(second, "g2")) with { Draining = true }, out _);
        _dead.UnionWith([SiloOf("a/d"), SiloOf("b/d")]);
        Assert.All(_pool.Expire(), lease => Assert.False(lease.Crashed));
        Assert.All([first, second], grant => Assert.Equal((2, false), (FindDead(_pool, grant).Leases.Length, FindDead(_pool, grant).Crashed)));
    }
}
