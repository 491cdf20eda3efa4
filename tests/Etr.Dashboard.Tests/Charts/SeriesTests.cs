using Etr.Dashboard.Charts;

namespace Etr.Dashboard.Tests.Charts;

public sealed class SeriesTests
{
    [Fact]
    public void Thinning_keeps_every_extreme()
    {
        var values = Enumerable.Range(0, 10_000).Select(i => i % 100 / 1000.0).ToArray();
        values[4321] = 99;
        values[8765] = -99;

        var thinned = Series.Thin(values);

        Assert.InRange(thinned.Count, 100, 160);
        Assert.Contains((4321, 99.0), thinned);
        Assert.Contains((8765, -99.0), thinned);
        Assert.Equal(thinned.OrderBy(point => point.Index), thinned);
    }

    [Fact]
    public void Points_fill_the_box_from_left_to_right() =>
        Assert.Equal("4,32 80,18 156,4", Series.Points([1, 2, 3], 160, 36, 4));

    [Fact]
    public void A_gap_is_left_out_and_a_flat_line_is_drawn_in_the_middle()
    {
        Assert.Equal("4,18 156,18", Series.Points([5, double.NaN, 5], 160, 36, 4));
        Assert.Equal("", Series.Points([double.NaN], 160, 36, 4));
    }

    [Theory]
    [InlineData(-0.0004, "0.00")]
    [InlineData(-1234.6, "−1,235")]
    [InlineData(double.NaN, "–")]
    [InlineData(33.04, "33.0")]
    public void Numbers_have_a_true_minus_and_never_a_negative_zero(double value, string expected) => Assert.Equal(expected, Figures.Number(value));

    [Theory]
    [InlineData(0.2, "under 1 s")]
    [InlineData(41.9, "41 s")]
    [InlineData(125, "2 min 5 s")]
    [InlineData(7260, "2 h 1 min")]
    public void Durations_have_their_two_largest_units(double seconds, string expected) => Assert.Equal(expected, Figures.Duration(seconds));
}
