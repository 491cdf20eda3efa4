using Etr.Dashboard.Charts;

namespace Etr.Dashboard.Tests.Charts;

public sealed class ChartZoomTests
{
    [Theory]
    [InlineData("last:50", "last:50")]
    [InlineData("100-200", "100-200")]
    [InlineData("200-100", "")]
    [InlineData("last:0", "")]
    [InlineData("last:-3", "")]
    [InlineData("100-99999999999", "")]
    [InlineData("<script>", "")]
    [InlineData(null, "")]
    public void A_part_of_training_is_read_from_the_url_or_left_out(string? text, string zoom) => Assert.Equal(zoom, ChartZoom.Read(text));

    [Theory]
    [InlineData("", 1, 300)]
    [InlineData("last:50", 250, 300)]
    [InlineData("last:5000", 1, 300)]
    [InlineData("100-200", 100, 200)]
    public void It_says_which_steps_are_in_view(string zoom, int from, int to) => Assert.Equal((from, to), ChartZoom.Of(zoom, 300));

    [Fact]
    public void The_moment_of_a_fault_has_some_steps_around_it()
    {
        Assert.Equal("105-135", ChartZoom.Near(120));
        Assert.Equal("1-18", ChartZoom.Near(3));
    }

    [Theory]
    [InlineData(0.00015, "1.5 · 10^−4")]
    [InlineData(0, "0.00")]
    [InlineData(0.5, "0.50")]
    public void Small_numbers_have_their_power_of_ten(double value, string text) => Assert.Equal(text, Figures.Small(value));

    [Theory]
    [InlineData(0, "–")]
    [InlineData(734_003_200, "700 MiB")]
    [InlineData(5_368_709_120, "5.0 GiB")]
    public void Bytes_have_the_unit_that_suits_them(double bytes, string text) => Assert.Equal(text, Figures.Bytes(bytes));
}
