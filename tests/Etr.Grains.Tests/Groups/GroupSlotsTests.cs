using Etr.Core.Presets;
using Etr.Core.Rollouts;
using Etr.Grains.Groups;
using Etr.Grains.Samplers;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Groups;

public class GroupSlotsTests
{
    private static readonly Guid Epoch = Guid.NewGuid();

    private static GroupSlots Fresh(int count, params SlotRecord[] records) => new(count, EtrPreset.Guarded, records);

    private static Guid Lease(GroupSlots slots, int slot)
    {
        var lease = new SlotLease(Guid.NewGuid(), slot);
        slots.Grant(new LeaseGrant { Sampler = "s/d", Epoch = Epoch, Leases = [lease], Reason = "" }, policyVersion: 0);
        return lease.Lease;
    }

    private static SlotReport Report(Guid lease, int from, SampledToken[] tokens, TraceEnd? ending = null, int slot = 0) =>
        new() { Slot = slot, Lease = lease, From = from, Frame = TokenFrame.Pack(tokens), Ending = ending };

    private static readonly SampledToken[] Line = [Traces.Token("a"), Traces.Token("\n\n")];

    [Fact]
    public void Only_the_live_lease_may_report()
    {
        GroupSlots slots = Fresh(1);
        Guid old = Lease(slots, 0);
        slots.Void([old]);
        Guid live = Lease(slots, 0);

        Assert.Null(slots.Take(Report(old, 0, Line)));
        Assert.Null(slots.Take(Report(Guid.Empty, 0, Line)));
        Assert.Null(slots.Take(Report(live, 0, Line, slot: 1)));
        Assert.Equal(2, slots.Take(Report(live, 0, Line))!.Tokens);
        Assert.Equal(2, slots[0].Attempt);
    }

    [Fact]
    public void What_is_told_twice_counts_once()
    {
        GroupSlots slots = Fresh(1);
        Guid lease = Lease(slots, 0);
        slots.Take(Report(lease, 0, Line));

        ReportEffect again = slots.Take(Report(lease, 0, [.. Line, Traces.Token("b")], TraceEnd.Finished))!;
        Assert.Equal((1, true), (again.Tokens, again.Ended));
        Assert.Empty(again.Steps);

        ReportEffect late = slots.Take(Report(lease, 0, [.. Line, Traces.Token("b")], TraceEnd.Finished))!;
        Assert.Equal((0, false), (late.Tokens, late.Ended));
        Assert.Equal(3, slots.Tokens);
    }

    [Fact]
    public void A_report_that_leaves_a_gap_is_refused_and_its_slot_leased_again()
    {
        GroupSlots slots = Fresh(1);
        Guid lease = Lease(slots, 0);
        Assert.Null(slots.Take(Report(lease, 1, Line)));
        Assert.Equal([0], slots.Unleased);
    }

    [Fact]
    public void A_cancelled_slot_keeps_its_tokens_for_the_next_lease()
    {
        GroupSlots slots = Fresh(1);
        slots.Take(Report(Lease(slots, 0), 0, Line, TraceEnd.Cancelled));
        Assert.Equal([0], slots.Unleased);
        Assert.Equal(2, slots[0].Builder.Tokens.Count);
        Assert.False(slots.AllEnded);
    }

    [Fact]
    public void Records_bring_slots_back_as_they_were()
    {
        GroupSlots slots = Fresh(2);
        Guid lease = Lease(slots, 0);
        slots.Take(Report(lease, 0, Line));
        slots.Take(Report(Lease(slots, 1), 0, Line, TraceEnd.Truncated, slot: 1));

        GroupSlots back = Fresh(2, slots.ToRecords());
        Assert.Equal(slots[0].Builder.Tokens, back[0].Builder.Tokens);
        Assert.Equal((lease, Epoch, 1), (back[0].Lease, back[0].Epoch, back[0].Attempt));
        Assert.Equal(TraceEnd.Truncated, back[1].Ending);
        Assert.Equal(1, back.Take(Report(lease, 2, [Traces.Token("b")]))!.Tokens);
    }

    [Fact]
    public void A_lease_that_was_granted_alone_stays_so_until_it_is_lost()
    {
        SiloAddress silo = SiloAddress.New(System.Net.IPAddress.Loopback, 1, 1);
        var lease = new SlotLease(Guid.NewGuid(), 0);
        GroupSlots slots = Fresh(1);
        slots.Grant(new LeaseGrant { Sampler = "s/d", Epoch = Epoch, Leases = [lease], Reason = "", Silo = silo, Alone = true }, policyVersion: 0);

        GroupSlots back = Fresh(1, slots.ToRecords());
        Assert.Equal(silo, Assert.Single(back.Leases).Key.Silo);
        Assert.True(back.HasAlone([lease.Lease]));
        Assert.Equal(1, back.Void([lease.Lease]));
        Assert.False(back.HasAlone([lease.Lease]));
        Lease(back, 0);
        Assert.False(back[0].Alone);
    }

    [Fact]
    public void Progress_beyond_the_bound_is_left_out_and_ended_traces_are_kept_first()
    {
        GroupSlots slots = Fresh(3);
        SampledToken[] much = [.. Enumerable.Repeat(Traces.Token("abc"), GroupSlots.MostPersistedBytes / 2 / 31)];
        slots.Take(Report(Lease(slots, 0), 0, much));
        slots.Take(Report(Lease(slots, 1), 0, [.. much, .. Line], TraceEnd.Finished, slot: 1));
        slots.Take(Report(Lease(slots, 2), 0, [.. much, .. much], TraceEnd.Finished, slot: 2));

        SlotRecord[] records = slots.ToRecords();
        Assert.InRange(records.Sum(record => record.Frame.Length), 1, GroupSlots.MostPersistedBytes);
        Assert.NotEmpty(records[1].Frame);
        Assert.Null(records[2].Ending);
        Assert.Empty(records[2].Frame);
    }
}
