using Etr.Grains.Learners;
using FsCheck.Xunit;

namespace Etr.Grains.Tests.Learners;

public class BatchWindowTests
{
    private static GroupSubmission Group(long ordinal) =>
        new() { Ordinal = ordinal, Prompt = 0, Round = 0, PolicyVersion = 0, Sha256 = $"{ordinal}", Bytes = 1 };

    private static IEnumerable<long> Ordinals(BatchWindow window, int count) => window.Next(count)!.Select(group => group.Ordinal);

    [Fact]
    public void A_batch_waits_for_the_first_ordinals_whatever_came_first()
    {
        var window = new BatchWindow(0);
        window.Hold(Group(3));
        window.Hold(Group(1));
        Assert.Null(window.Next(2));

        window.Hold(Group(0));
        Assert.Equal([0, 1], Ordinals(window, 2));
        Assert.Null(window.Next(3));
    }

    [Fact]
    public void The_group_that_came_last_is_known_and_being_told_again_does_not_make_it_later()
    {
        var window = new BatchWindow(0);
        foreach (long ordinal in (long[])[1, 0, 2, 1])
            window.Hold(Group(ordinal));
        Assert.Equal(0, window.LastOf(window.Next(2)!).Ordinal);

        window.Drop(1);
        window.Hold(Group(1));
        Assert.Equal(1, window.LastOf(window.Next(3)!).Ordinal);
    }

    [Fact]
    public void Skipped_ordinals_are_stepped_over()
    {
        var window = new BatchWindow(0);
        window.Hold(Group(0));
        window.Hold(Group(2));
        window.Skip(0, [1]);
        Assert.Equal([0, 2], Ordinals(window, 2));

        window.Commit(window.Next(2)!);
        Assert.Equal(3, window.Mark);
        Assert.False(window.Hold(Group(1)));
        Assert.False(window.Hold(Group(2)));
    }

    [Fact]
    public void Ordinals_decided_before_a_failover_are_stepped_over_too()
    {
        var window = new BatchWindow(4);
        window.Hold(Group(6));
        window.Skip(6, []);
        Assert.Equal([6], Ordinals(window, 1));
    }

    [Property]
    public void The_order_of_arrival_changes_no_batch(int seed)
    {
        long[] arrivals = [.. Enumerable.Range(0, 12).Select(i => (long)i)];
        new Random(seed).Shuffle(arrivals);
        var window = new BatchWindow(0);
        window.Skip(0, [2, 7]);
        var batches = new List<long[]>();
        foreach (long ordinal in arrivals.Where(ordinal => ordinal is not (2 or 7)))
        {
            Assert.True(window.Hold(Group(ordinal)));
            while (window.Next(5) is { } batch)
            {
                batches.Add([.. batch.Select(group => group.Ordinal)]);
                window.Commit(batch);
            }
        }

        Assert.Equal([[0, 1, 3, 4, 5], [6, 8, 9, 10, 11]], batches.ToArray());
        Assert.Equal((12, 0), (window.Mark, window.HeldCount));
    }
}
