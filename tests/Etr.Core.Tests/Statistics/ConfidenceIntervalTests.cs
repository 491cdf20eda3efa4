using Etr.Core.Statistics;
using FsCheck.Xunit;

namespace Etr.Core.Tests.Statistics;

public sealed class ConfidenceIntervalTests
{
    // Printed in every table of the distribution.
    [Theory]
    [InlineData(1, 12.706205)]
    [InlineData(2, 4.302653)]
    [InlineData(3, 3.182446)]
    [InlineData(4, 2.776445)]
    [InlineData(5, 2.570582)]
    [InlineData(9, 2.262157)]
    [InlineData(10, 2.228139)]
    [InlineData(30, 2.042272)]
    [InlineData(120, 1.979930)]
    public void The_quantile_at_95_percent_is_that_of_the_tables(int degrees, double expected) =>
        Close.AssertTo(expected, StudentT.Quantile(.95, degrees), 5e-7);

    [Theory]
    [InlineData(1, .99, 63.656741)]
    [InlineData(4, .99, 4.604095)]
    [InlineData(7, .9, 1.894579)]
    public void Other_levels_are_those_of_the_tables(int degrees, double level, double expected) =>
        Close.AssertTo(expected, StudentT.Quantile(level, degrees), 5e-7);

    [Fact]
    public void Two_degrees_of_freedom_have_a_closed_form()
    {
        // A(t) = t/√(t² + 2), so the quantile at p is p·√(2/(1 − p²)).
        Close.AssertTo(3 / Math.Sqrt(11), StudentT.Within(3, 2), 1e-15);
        Close.AssertTo(.6 * Math.Sqrt(2 / .64), StudentT.Quantile(.6, 2), 1e-14);
    }

    [Fact]
    public void Many_degrees_of_freedom_come_to_the_normal_distribution() =>
        Close.AssertTo(1.959964, StudentT.Quantile(.95, 100_000), 3e-5);

    [Property]
    public bool The_quantile_undoes_the_distribution(ushort degrees, byte thousandths)
    {
        int of = 1 + degrees % 300;
        double level = (thousandths + 1) / 257.0;
        return Close.To(level, StudentT.Within(StudentT.Quantile(level, of), of), 1e-12);
    }

    [Fact]
    public void An_interval_worked_by_hand()
    {
        // Mean 2, deviation 1, t at two degrees 4.302653: 4.302653/√3.
        var interval = ConfidenceInterval.Of([1, 2, 3]);

        Assert.Equal((3, 2.0), (interval.Count, interval.Mean));
        Close.AssertTo(2.484138, interval.HalfWidth!.Value, 5e-7);
        Close.AssertTo(-.484138, interval.Low, 5e-7);
        Close.AssertTo(4.484138, interval.High, 5e-7);
        Assert.Equal(0, interval.Sign);
    }

    [Fact]
    public void The_sign_is_that_of_the_whole_interval()
    {
        Assert.Equal(1, ConfidenceInterval.Of([5, 5.1, 4.9]).Sign);
        Assert.Equal(-1, ConfidenceInterval.Of([-5, -5.1, -4.9]).Sign);
        Assert.Equal(0, ConfidenceInterval.Of([0, 0, 0]).Sign);
        Assert.Equal(-1, ConfidenceInterval.Of([-2, -2]).Sign);
    }

    [Fact]
    public void One_value_has_a_mean_and_no_interval()
    {
        var interval = ConfidenceInterval.Of([7]);

        Assert.Equal((7.0, 7.0, 7.0), (interval.Mean, interval.Low, interval.High));
        Assert.Null(interval.HalfWidth);
        Assert.Null(interval.Sign);
    }

    [Fact]
    public void No_value_has_no_mean() => Assert.Equal((0, double.NaN), (ConfidenceInterval.Of([]).Count, ConfidenceInterval.Of([]).Mean));

    [Fact]
    public void Arguments_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ConfidenceInterval.Of([1, double.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Quantile(1, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Quantile(0, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Quantile(.95, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Within(-1, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => StudentT.Within(1, 100_001));
    }
}
