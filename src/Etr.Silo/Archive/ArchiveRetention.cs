using Etr.Grains.Files;
using Etr.Grains.Learners;
using Etr.Silo.Configuration;

namespace Etr.Silo.Archive;

/// <summary>What of an archive is too old or too much, and what of a run's record the archive takes the place of.</summary>
internal static class ArchiveRetention
{
    /// <summary>Deletes parts that are too old or too much: the oldest go first, and the newest, which a page opens with, stays.</summary>
    /// <param name="parts">An archive's whole parts, by their first steps.</param>
    /// <param name="settings">Bytes and days.</param>
    /// <param name="now">The time.</param>
    public static void Apply(IReadOnlyList<ArchivePart> parts, ArchiveSettings settings, DateTimeOffset now)
    {
        long bytes = parts.Sum(part => part.Bytes);
        DateTime oldest = settings.Days > 0 ? now.UtcDateTime.AddDays(-settings.Days) : DateTime.MinValue;
        foreach (ArchivePart part in parts.SkipLast(1))
        {
            if (part.Written >= oldest && (settings.MaximumMegabytes == 0 || bytes <= (long)settings.MaximumMegabytes << 20))
                continue;
            bytes -= part.Bytes;
            part.Delete();
        }
    }

    /// <summary>Deletes the bodies and gaps of archived steps but for the newest ones; the steps' manifests stay, for audits.</summary>
    /// <param name="run">The run.</param>
    /// <param name="kept">How many of the archived steps keep theirs; 0 for all.</param>
    /// <param name="archived">The last archived step.</param>
    /// <param name="thinned">The last step that was thinned before; 0 where that is not known.</param>
    /// <param name="cancellationToken">Ends the work between two steps.</param>
    /// <returns>The last step that is thinned now.</returns>
    public static int Thin(RunPlace run, int kept, int archived, int thinned, CancellationToken cancellationToken)
    {
        if (kept == 0)
            return thinned;
        int last = archived - kept;

        // From the newest back, until one is met of which nothing is left: another process had come as far.
        for (int step = last; step > thinned; step--)
        {
            if (RecordedGroups.Manifest(run, step, cancellationToken) is not { } manifest || !Delete(run, manifest))
                break;
        }

        return Math.Max(thinned, last);
    }

    private static bool Delete(RunPlace run, StepManifest manifest)
    {
        bool any = false;
        string[] gaps = manifest.Summary.GapsSha256.Length > 0 ? [run.GapsFile(manifest.Summary.GapsSha256)] : [];
        foreach (string file in manifest.Groups.Select(group => run.GroupFile(group.Sha256)).Concat(gaps).Where(File.Exists))
        {
            File.Delete(file);
            any = true;
        }

        return any;
    }
}
