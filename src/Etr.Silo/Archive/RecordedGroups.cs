using Etr.Core.Files;
using Etr.Core.Groups;
using Etr.Grains.Files;
using Etr.Grains.Learners;

namespace Etr.Silo.Archive;

/// <summary>The sealed groups of a run's record.</summary>
internal static class RecordedGroups
{
    /// <summary>Reads a step's manifest; null where there is none.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not one.</exception>
    public static StepManifest? Manifest(RunPlace run, int step, CancellationToken cancellationToken) =>
        StepManifest.ReadAsync(Path.Combine(run.Directory, "steps"), step, cancellationToken).GetAwaiter().GetResult();

    /// <summary>Reads a group that a step was trained on; null where its file is gone or no longer what it was.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static GroupBody? Body(RunPlace run, ManifestGroup group, CancellationToken cancellationToken)
    {
        try
        {
            byte[] bytes = DurableFile.ReadVerifiedAsync(run.GroupFile(group.Sha256), group.Sha256, GroupBodyCodec.MaximumBytes, cancellationToken).GetAwaiter().GetResult();
            return GroupBodyCodec.Read(bytes);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or InvalidDataException)
        {
            return null;
        }
    }
}
