using Etr.Grains.Diagnosis;

namespace Etr.Grains.Tests.Diagnosis;

public class FreeSpaceFallTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 25, 12, 0, 0, TimeSpan.Zero);
    private readonly FreeSpaceFall _fall = new(TimeSpan.FromMinutes(10));

    [Fact]
    public void Nothing_is_said_before_half_of_the_time_was_seen()
    {
        Look(from: 0, to: 299, second => 1_000_000 - 10 * second);
        Assert.Null(_fall.BytesPerSecond);
        Look(from: 300, to: 310, second => 1_000_000 - 10 * second);
        Assert.Equal(10, Assert.NotNull(_fall.BytesPerSecond), 1e-6);
    }

    [Fact]
    public void What_was_long_ago_is_forgotten()
    {
        Look(from: 0, to: 600, second => 1_000_000 - 10 * second);
        Look(from: 605, to: 1300, second => 900_000 + 5 * second);
        Assert.Equal(-5, Assert.NotNull(_fall.BytesPerSecond), 1e-6);
    }

    [Fact]
    public void What_is_written_and_removed_again_is_no_fall()
    {
        Look(from: 0, to: 1200, second => 1_000_000 - 10_000 * (second / 30 % 2));
        Assert.InRange(Assert.NotNull(_fall.BytesPerSecond), -2, 2);
    }

    [Fact]
    public void A_disk_that_does_not_answer_adds_nothing()
    {
        Look(from: 0, to: 400, second => 1_000_000 - 10 * second);
        _fall.Add(Start.AddSeconds(500), null);
        Assert.Equal(10, Assert.NotNull(_fall.BytesPerSecond), 1e-6);
    }

    private void Look(int from, int to, Func<int, long> free)
    {
        for (int second = from; second <= to; second += 5)
            _fall.Add(Start.AddSeconds(second), free(second));
    }
}
