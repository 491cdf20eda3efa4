using System.Numerics;
using Etr.Core.Statistics;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Statistics;

public sealed class PassAtKTests
{
    [Fact]
    public void It_is_the_share_of_all_choices_of_k_traces_that_hold_a_right_one()
    {
        for (int traces = 1; traces <= 9; traces++)
        {
            for (int right = 0; right <= traces; right++)
            {
                for (int k = 1; k <= traces; k++)
                    Assert.Equal(Counted(traces, right, k), PassAtK.Of(traces, right, k), 12);
            }
        }
    }

    [Theory]
    [InlineData(200, 1, 100, 0.5)]
    [InlineData(1000, 10, 1, 0.01)]
    [InlineData(1000, 999, 2, 1)]
    [InlineData(4, 2, 2, 5.0 / 6)]
    public void Large_numbers_do_not_overflow(int traces, int right, int k, double expected) => Assert.Equal(expected, PassAtK.Of(traces, right, k), 12);

    [Property]
    public void It_is_a_probability_that_grows_with_k_and_with_right_traces(byte a, byte b, byte c)
    {
        int traces = 2 + a % 60;
        int right = b % traces;
        int k = 1 + c % (traces - 1);
        double found = PassAtK.Of(traces, right, k);
        Assert.InRange(found, 0, 1);
        Assert.True(PassAtK.Of(traces, right, k + 1) >= found);
        Assert.True(PassAtK.Of(traces, right + 1, k) >= found);
        Assert.Equal((double)right / traces, PassAtK.Of(traces, right, 1), 12);
    }

    [Theory]
    [InlineData(1, "1")]
    [InlineData(2, "1 2")]
    [InlineData(3, "1 2 3")]
    [InlineData(5, "1 2 4 5")]
    [InlineData(8, "1 2 4 8")]
    public void What_is_reported_are_powers_of_two_and_all(int traces, string expected) => Assert.Equal(expected, string.Join(' ', PassAtK.Counts(traces)));

    [Theory]
    [InlineData(3, 1, 4)]
    [InlineData(3, 4, 1)]
    [InlineData(3, -1, 1)]
    [InlineData(3, 1, 0)]
    public void Numbers_out_of_range_are_refused(int traces, int right, int k) => Assert.Throws<ArgumentOutOfRangeException>(() => PassAtK.Of(traces, right, k));

    // By going through every choice; the first of the traces are the right ones.
    private static double Counted(int traces, int right, int k)
    {
        int all = 0;
        int passing = 0;
        for (uint choice = 0; choice < 1u << traces; choice++)
        {
            if (BitOperations.PopCount(choice) != k)
                continue;
            all++;
            passing += (choice & ((1u << right) - 1)) != 0 ? 1 : 0;
        }

        return (double)passing / all;
    }
}
