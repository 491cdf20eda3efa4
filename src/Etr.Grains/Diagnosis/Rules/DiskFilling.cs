using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>The run's disk has little room left.</summary>
internal sealed class DiskFilling : IDiagnosisRule
{
    private const double Mebibyte = 1 << 20;

    public string Name => "disk-filling";

    public FindingLevel Level => FindingLevel.Bad;

    public bool IsLive => true;

    public string Try => "Make room on the disk of Etr:Data before the run is paused at 128 MiB: old runs under runs/ can go, and Etr:Run:KeepCheckpoints bounds a new one's.";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.FreeBytes is not { } free)
            return null;
        double limit = view.Options.DiskFreeMebibytes;
        return new RuleReading(-free / Mebibyte, -limit, view.SlackOf(limit), string.Create(CultureInfo.InvariantCulture, $"{free / Mebibyte:0} MiB are free on the run's disk, less than {limit:0}"));
    }
}
