using Etr.Grains.Samplers;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Grains.Tests.Samplers;

public class SamplerPoolTests
{
    private static readonly TimeSpan Expiry = TimeSpan.FromSeconds(6);
    private static readonly SiloAddress Silo = SiloAddress.New(System.Net.IPAddress.Loopback, 1, 1);

    private readonly FakeTimeProvider _time = new();
    private readonly SamplerPool _pool;

    public SamplerPoolTests() => _pool = new SamplerPool(_time, Expiry);

    private SamplerPool.Lease[] Beat(string sampler, Guid epoch, int capacity = 8, params HeldLease[] held) =>
        _pool.Heartbeat(BeatOf(sampler, epoch, capacity, held), out _);

    private static SamplerHeartbeat BeatOf(string sampler, Guid epoch, int capacity, params HeldLease[] held) =>
        new() { Sampler = sampler, Epoch = epoch, Silo = Silo, Device = "d", Capacity = capacity, Leases = held, TokensPerSecond = 0 };

    private LeaseGrant? Ask(string group, int slots) =>
        _pool.TryLease(new LeaseRequest { Group = group, Ordinal = 0, Slots = [.. Enumerable.Range(0, slots)] });

    private static HeldLease[] Held(LeaseGrant grant, string group) => [.. grant.Leases.Select(lease => new HeldLease(lease.Lease, group, lease.Slot))];

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
        Assert.Empty(_pool.Expire(_ => false));

        _time.Advance(TimeSpan.FromMilliseconds(1));
        SamplerPool.Lease[] voided = _pool.Expire(_ => false);
        Assert.Equal(grant.Leases.Select(lease => lease.Lease).Order(), voided.Select(lease => lease.Id).Order());
        Assert.Equal("no sampler is live", _pool.Refuse().Reason);
    }

    [Fact]
    public void A_silo_that_membership_drops_loses_its_leases_at_once()
    {
        Beat("a/d", Guid.NewGuid());
        Ask("g", 2);
        Assert.Equal(2, _pool.Expire(silo => silo.Equals(Silo)).Length);
    }

    [Fact]
    public void A_restarted_sampler_loses_the_leases_of_its_earlier_life()
    {
        Beat("a/d", Guid.NewGuid());
        LeaseGrant grant = Ask("g", 2)!;
        Guid epoch = Guid.NewGuid();
        Assert.Equal(2, Beat("a/d", epoch).Length);
        Assert.Equal(0, _pool.LeaseCount);
        Assert.Equal(grant.Leases.Length, _pool.FindDead("a/d", grant.Epoch, [.. grant.Leases.Select(lease => lease.Lease)]).Length);
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
        Guid[] leases = [.. grant.Leases.Select(lease => lease.Lease)];

        var again = new SamplerPool(_time, Expiry);
        Assert.Empty(again.FindDead("a/d", epoch, leases));
        again.Heartbeat(BeatOf("a/d", epoch, 8, Held(grant, "g")), out Guid[] stop);
        Assert.Empty(stop);
        Assert.Equal(3, again.LeaseCount);
        Assert.Empty(again.FindDead("a/d", epoch, leases));
    }

    [Fact]
    public void Leases_of_a_sampler_that_never_came_back_are_dead_once_the_pool_has_listened_long_enough()
    {
        Guid[] leases = [Guid.NewGuid()];
        Assert.Empty(_pool.FindDead("a/d", Guid.NewGuid(), leases));
        _time.Advance(Expiry);
        Assert.Equal(leases, _pool.FindDead("a/d", Guid.NewGuid(), leases));
    }
}
