using Etr.Grains.Runs;
using FsCheck.Xunit;

namespace Etr.Grains.Tests.Runs;

public class GroupLedgerTests
{
    [Fact]
    public void An_outcome_is_given_once()
    {
        var ledger = new GroupLedger();
        ledger.Deal(2);

        Assert.True(ledger.Move(1, GroupOutcome.Quarantined));
        Assert.False(ledger.Move(1, GroupOutcome.Consumed));
        Assert.True(ledger.Move(0, GroupOutcome.Consumed));
        Assert.False(ledger.Move(0, GroupOutcome.Stale));

        Assert.Equal((1, 1, 0), (ledger.Counts.Consumed, ledger.Counts.Quarantined, ledger.Counts.Open));
        Assert.Equal(2, ledger.Mark);
    }

    [Fact]
    public void What_was_not_dealt_has_no_outcome()
    {
        var ledger = new GroupLedger();
        ledger.Deal(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Move(1, GroupOutcome.Consumed));
        Assert.Throws<ArgumentOutOfRangeException>(() => ledger.Move(-1, GroupOutcome.Consumed));
    }

    [Property]
    public void Any_moves_leave_it_as_a_plain_table_of_first_outcomes_would((byte Deal, byte Ordinal, byte Outcome)[] moves)
    {
        var ledger = new GroupLedger();
        var table = new Dictionary<long, GroupOutcome>();
        foreach ((byte deal, byte at, byte result) in moves)
        {
            ledger.Deal(deal % 4);
            if (ledger.Created == 0)
                continue;
            long ordinal = at % ledger.Created;
            var outcome = (GroupOutcome)(result % 6);
            Assert.Equal(table.TryAdd(ordinal, outcome), ledger.Move(ordinal, outcome));
        }

        LedgerCounts counts = ledger.Counts;
        Assert.True(counts.IsClosed);
        Assert.Equal(Enumerable.Range(0, (int)ledger.Created).Select(i => (long)i).Where(ordinal => !table.ContainsKey(ordinal)), ledger.Open);
        Assert.Equal(ledger.Open.Count(), ledger.OpenCount);
        Assert.Equal(table.Values.Count(value => value == GroupOutcome.Consumed), counts.Consumed);
        Assert.Equal(table.Values.Count(value => value == GroupOutcome.Stale), counts.Stale);
        Assert.Equal(table.Values.Count(value => value == GroupOutcome.Operator), counts.Operator);
        Assert.Equal(table.Where(entry => entry.Key >= ledger.Mark && entry.Value != GroupOutcome.Consumed).Select(entry => entry.Key).Order(), ledger.Skipped);
    }
}
