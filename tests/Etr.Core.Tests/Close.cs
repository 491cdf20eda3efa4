namespace Etr.Core.Tests;

/// <summary>Comparison of doubles by relative distance.</summary>
internal static class Close
{
    public static bool To(double expected, double actual, double tolerance = 1e-9) =>
        Math.Abs(expected - actual) <= tolerance * Math.Max(1, Math.Abs(expected));

    public static void AssertTo(double expected, double actual, double tolerance = 1e-9) =>
        Assert.True(To(expected, actual, tolerance), $"expected {expected:R}, got {actual:R}");
}
