using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>The run's disk has little room left, or soon will at the rate at which it fills.</summary>
internal sealed class DiskFilling : IDiagnosisRule
{
    private const double Mebibyte = 1 << 20;

    // Where the run is paused: for it the disk is full.
    private const double PausedAt = 128 * Mebibyte;

    public string Name => "disk-filling";

    public FindingLevel Level => FindingLevel.Bad;

    public bool IsLive => true;

    public string Try => "Make room on the disk of Etr:Data before the run is paused at 128 MiB: old runs under runs/ can go, and Etr:Run:KeepCheckpoints bounds a new one's.";

    /// <summary>How many times smaller than its limit the room or the time is, whichever is worse: above 1 is too little.</summary>
    public RuleReading? Read(DiagnosisView view)
    {
        if (view.FreeBytes is not { } free)
            return null;
        double scarce = view.Options.DiskFreeMebibytes * Mebibyte / Math.Max(1, free);
        double? minutes = MinutesLeft(free, view.FreeBytesFall);
        double soon = minutes is { } left ? view.Options.DiskFullMinutes / Math.Max(0.01, left) : 0;
        string seen = scarce > 1 || soon == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{free / Mebibyte:0} MiB are free on the run's disk, less than {view.Options.DiskFreeMebibytes:0}{(minutes is { } until and < 24 * 60 ? $": full in about {until:0} min at this rate" : "")}")
            : string.Create(CultureInfo.InvariantCulture, $"{free / Mebibyte:0} MiB are free on the run's disk and {view.FreeBytesFall * 60 / Mebibyte:0} fewer each minute: full in about {minutes:0} min at this rate");
        return new RuleReading(Math.Max(scarce, soon), 1, view.SlackOf(1), seen);
    }

    private static double? MinutesLeft(long free, double? fall) => fall is > 0 ? Math.Max(0, free - PausedAt) / fall / 60 : null;
}
