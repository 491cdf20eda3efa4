using System.Diagnostics.Metrics;

namespace Etr.Grains.Metrics;

/// <summary>The meter of Etr's grains. What it measures is listed in docs/metrics.md.</summary>
public static class EtrMeter
{
    /// <summary>The meter's name, for exporters to subscribe to.</summary>
    public const string Name = "Etr";

    internal static Meter Of(IMeterFactory meters) => meters.Create(Name);
}
