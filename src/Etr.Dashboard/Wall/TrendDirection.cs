using Etr.Core.Trends;

namespace Etr.Dashboard.Wall;

/// <summary>Which way the entropy of a trace goes.</summary>
internal enum TrendDirection
{
    /// <summary>Fewer than two steps.</summary>
    Unknown,

    /// <summary>It lies below the first step's.</summary>
    Falling,

    /// <summary>It stays about the first step's.</summary>
    Flat,

    /// <summary>It lies above the first step's.</summary>
    Rising,
}

/// <summary>The fall of a trace's entropy and the direction read off it.</summary>
internal static class TrendDirections
{
    // Momentum of every preset but the released code's; the sign of the fall hardly depends on it.
    private const double Gamma = 0.9;

    /// <summary>Falls and rises smaller than this (nats) are flat: the spread that the advantages too take for noise.</summary>
    internal const double Noise = 0.05;

    /// <summary>
    /// How far the later steps' recent-weighted mean entropy lies below the first step's, in nats: the symmetric trend over
    /// the sum of its weights, so that traces of any length compare. 0 for fewer than two steps.
    /// </summary>
    public static double FallOf(ReadOnlySpan<double> stepEntropies)
    {
        if (stepEntropies.Length < 2)
            return 0;

        double weights = 0;
        for (var t = 1; t < stepEntropies.Length; t++)
            weights = 1 + Gamma * weights;
        return EntropyTrend.Symmetric(stepEntropies, Gamma) / weights;
    }

    /// <summary>The direction of a trace of <paramref name="steps"/> steps that fell by <paramref name="fall"/> nats.</summary>
    public static TrendDirection Of(double fall, int steps) => steps < 2 ? TrendDirection.Unknown
        : fall > Noise ? TrendDirection.Falling
        : fall < -Noise ? TrendDirection.Rising
        : TrendDirection.Flat;

    /// <summary>For sentences.</summary>
    public static string Word(this TrendDirection direction) => direction switch
    {
        TrendDirection.Falling => "falling",
        TrendDirection.Flat => "flat",
        TrendDirection.Rising => "rising",
        _ => "no trend yet",
    };
}
