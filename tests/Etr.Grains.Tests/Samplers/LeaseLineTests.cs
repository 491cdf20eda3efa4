using Etr.Grains.Samplers;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Grains.Tests.Samplers;

public class LeaseLineTests
{
    private static readonly TimeSpan Expiry = TimeSpan.FromSeconds(6);

    private readonly FakeTimeProvider _time = new();
    private readonly SamplerPool _pool;
    private readonly LeaseLine _line;
    private readonly List<LeaseLine.Waiter> _asked = [];

    public LeaseLineTests()
    {
        _pool = new SamplerPool(_time, Expiry, _ => false);
        _line = new LeaseLine(_pool, most: 4);
    }

    private void Sampler(string sampler, string silo = "", int capacity = 4) => _pool.Heartbeat(
        new SamplerHeartbeat
        {
            Sampler = sampler,
            Epoch = new Guid(1, 2, 3, [4, 5, 6, 7, 8, 9, 10, (byte)sampler[0]]),
            Silo = SiloAddress.New(System.Net.IPAddress.Loopback, (silo.Length > 0 ? silo : sampler)[0], 1),
            Device = "d",
            Capacity = capacity,
            Leases =
            [
                .. _asked.Where(waiter => SamplerOf(waiter) == sampler)
                    .SelectMany(waiter => GrantOf(waiter).Leases.Select(lease => new HeldLease(lease.Lease, waiter.Request.Group, lease.Slot))),
            ],
            TokensPerSecond = 0,
        },
        out _);

    private LeaseLine.Waiter Ask(long ordinal, int slots, bool alone = false)
    {
        LeaseLine.Waiter waiter = _line.Join(new LeaseRequest { Group = $"g{ordinal}", Ordinal = ordinal, Slots = [.. Enumerable.Range(0, slots)], Alone = alone });
        _line.Serve();
        _asked.Add(waiter);
        return waiter;
    }

    private static LeaseGrant GrantOf(LeaseLine.Waiter waiter) => waiter.Answered.Result;

    private static string SamplerOf(LeaseLine.Waiter waiter) => waiter.Answered.IsCompleted ? GrantOf(waiter).Sampler : "waits";

    private static string ReasonOf(LeaseLine.Waiter waiter) => waiter.Answered.IsCompleted ? GrantOf(waiter).Reason : "waits";

    private void Release(LeaseLine.Waiter waiter)
    {
        _pool.Release(GrantOf(waiter).Leases.Select(lease => lease.Lease));
        _line.Serve();
    }

    [Fact]
    public void Who_asks_again_has_waited_since_the_first_time()
    {
        Assert.Null(_line.OldestSince);
        var wish = new LeaseRequest { Group = "g1", Ordinal = 1, Slots = [0] };
        _line.Join(wish, now: 100);
        _line.Join(wish with { Group = "g2", Ordinal = 2 }, now: 150);
        _line.Join(wish, now: 200);

        Assert.Equal(100, _line.OldestSince);
        Assert.Equal(2, _line.WaitingGroups);
    }

    [Fact]
    public void The_oldest_group_is_served_first_and_not_overtaken_by_a_smaller_wish()
    {
        Sampler("a");
        LeaseLine.Waiter first = Ask(1, 4);
        LeaseLine.Waiter large = Ask(2, 4);
        LeaseLine.Waiter small = Ask(3, 1);
        Assert.Equal(5, _line.WaitingSlots);

        _pool.Release([GrantOf(first).Leases[0].Lease]);
        _line.Serve();
        Assert.Equal(("waits", "waits"), (SamplerOf(large), SamplerOf(small)));
        Release(first);
        Assert.Equal(("a", "waits"), (SamplerOf(large), SamplerOf(small)));
        Release(large);
        Assert.Equal("a", SamplerOf(small));
        Assert.Equal(0, _line.WaitingSlots);
    }

    [Fact]
    public void A_line_that_is_full_refuses_and_says_so()
    {
        for (int ordinal = 0; ordinal < 4; ordinal++)
            Ask(ordinal, 1);
        Assert.Equal("4 groups wait in line already", ReasonOf(Ask(4, 1)));

        // A second question takes the first one's place.
        LeaseLine.Waiter again = Ask(3, 2);
        Assert.Equal("waits", SamplerOf(again));
        Assert.Equal(5, _line.WaitingSlots);
        _line.Leave(again);
        Assert.Equal("no sampler is live", ReasonOf(again));
        Assert.Equal(3, _line.WaitingSlots);
    }

    [Fact]
    public void A_suspect_group_gets_a_sampler_of_its_own_and_the_others_go_on()
    {
        Sampler("a");
        Sampler("b");
        LeaseLine.Waiter alone = Ask(1, 3, alone: true);
        Assert.Equal((3, true), (GrantOf(alone).Leases.Length, GrantOf(alone).Alone));

        Assert.Equal(("b", "b"), (SamplerOf(Ask(2, 2)), SamplerOf(Ask(3, 2))));
        LeaseLine.Waiter waits = Ask(4, 1);
        Assert.Equal("waits", SamplerOf(waits));
        Release(alone);
        Assert.Equal("a", SamplerOf(waits));
    }

    [Fact]
    public void Alone_means_alone_in_the_process()
    {
        Sampler("a", silo: "s");
        Sampler("b", silo: "s");
        LeaseLine.Waiter other = Ask(1, 1);
        LeaseLine.Waiter alone = Ask(2, 2, alone: true);
        Assert.Equal("waits", SamplerOf(alone));

        Release(other);
        Assert.NotEqual("waits", SamplerOf(alone));
        LeaseLine.Waiter waits = Ask(3, 1);
        Assert.Equal(("waits", "waits"), (SamplerOf(waits), SamplerOf(Ask(4, 1, alone: true))));
    }

    [Fact]
    public void A_suspect_group_that_waits_holds_up_no_one()
    {
        Sampler("a");
        Ask(1, 1);
        Assert.Equal("waits", SamplerOf(Ask(2, 1, alone: true)));
        Assert.Equal("a", SamplerOf(Ask(3, 1)));
    }

    [Fact]
    public void A_suspect_group_takes_what_fits_and_the_rest_beside_it()
    {
        Sampler("a", capacity: 2);
        LeaseLine.Waiter first = Ask(1, 3, alone: true);
        Assert.Equal(2, GrantOf(first).Leases.Length);
        LeaseLine.Waiter rest = Ask(1, 1, alone: true);
        Assert.Equal("waits", SamplerOf(rest));

        _pool.Release([GrantOf(first).Leases[0].Lease]);
        LeaseLine.Waiter other = Ask(0, 1);
        _line.Serve();
        Assert.Equal(("a", "waits"), (SamplerOf(rest), SamplerOf(other)));
    }

    [Fact]
    public void After_a_twelfth_of_an_expiry_the_least_loaded_sampler_is_kept_free_for_a_suspect_group()
    {
        Sampler("a");
        Sampler("b");
        LeaseLine.Waiter[] busy = [Ask(1, 3), Ask(2, 2)];
        LeaseLine.Waiter alone = Ask(3, 1, alone: true);
        Assert.Equal(("a", "b"), (SamplerOf(busy[0]), SamplerOf(busy[1])));
        _time.Advance(Expiry / 12 + TimeSpan.FromMilliseconds(1));
        Sampler("a");
        Sampler("b");
        _line.Serve();

        // b has room for two more and gets neither.
        LeaseLine.Waiter waits = Ask(4, 2);
        Assert.Equal(("waits", "waits"), (SamplerOf(alone), SamplerOf(waits)));
        Release(busy[1]);
        Assert.Equal(("b", "waits"), (SamplerOf(alone), SamplerOf(waits)));
        Release(alone);
        Assert.Equal("b", SamplerOf(waits));
    }

    [Fact]
    public void One_sampler_is_left_to_the_others_while_another_is_held_alone()
    {
        Sampler("a");
        Sampler("b");
        LeaseLine.Waiter held = Ask(1, 1, alone: true);
        LeaseLine.Waiter busy = Ask(2, 1);
        LeaseLine.Waiter next = Ask(3, 1, alone: true);
        _time.Advance(Expiry + TimeSpan.FromMilliseconds(1));
        _line.Serve();
        Assert.Equal(SamplerOf(busy), SamplerOf(Ask(4, 1)));
        Release(held);
        Assert.Equal("a", SamplerOf(next));
    }

    [Fact]
    public void A_suspect_group_that_no_longer_asks_keeps_nothing_free()
    {
        Sampler("a");
        Ask(1, 1);
        LeaseLine.Waiter alone = Ask(2, 1, alone: true);
        _time.Advance(Expiry + TimeSpan.FromMilliseconds(1));
        Sampler("a");
        _line.Serve();
        LeaseLine.Waiter waits = Ask(3, 1);
        Assert.Equal("waits", SamplerOf(waits));

        _line.Leave(alone);
        _time.Advance(Expiry);
        Sampler("a");
        _pool.Expire();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Sampler("a");
        _pool.Expire();
        _line.Serve();
        Assert.Equal("a", SamplerOf(waits));
    }
}
