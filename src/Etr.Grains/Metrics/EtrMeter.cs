using System.Diagnostics.Metrics;
using Etr.Grains.Diagnosis;

namespace Etr.Grains.Metrics;

/// <summary>The meter of Etr's grains. What it measures is listed in docs/metrics.md.</summary>
public static class EtrMeter
{
    /// <summary>The meter's name, for exporters to subscribe to.</summary>
    public const string Name = "Etr";

    /// <summary>Of the gauges that tell a run by more than one series, how many it has: whoever bounds the series of an instrument wants to bound runs.</summary>
    public static IReadOnlyDictionary<string, int> SeriesOfRun { get; } = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["etr.groups"] = 2,
        ["etr.step_entropy"] = 2,
        ["etr.staleness"] = 2,
        ["etr.diagnosis"] = RunDiagnosis.All.Count,
    };

    internal static Meter Of(IMeterFactory meters) => meters.Create(Name);
}
