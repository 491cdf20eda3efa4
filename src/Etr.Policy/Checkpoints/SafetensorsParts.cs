using Etr.Core.Policies;

namespace Etr.Policy.Checkpoints;

/// <summary>
/// A safetensors file cut at its tensors: prefix and header first, then each tensor in the order of its bytes. A tensor that did
/// not change between two versions is a part of the same hash, so it need not travel twice.
/// </summary>
public static class SafetensorsParts
{
    /// <summary>The parts and their hashes, by streaming: no tensor is held in memory.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CheckpointException">It cannot be read, or is no valid safetensors file.</exception>
    public static IReadOnlyList<ManifestPart> Of(string path, CancellationToken cancellationToken) =>
        Reading(path, ranges => PartHashes.Parts(path, ranges, cancellationToken));

    /// <summary>The file's entry in a manifest: its parts and, in the same pass, its own hash.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name in the manifest.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CheckpointException">It cannot be read, or is no valid safetensors file.</exception>
    public static ManifestFile FileOf(string path, string name, CancellationToken cancellationToken) =>
        Reading(path, ranges => PartHashes.Of(path, name, ranges, cancellationToken));

    private static T Reading<T>(string path, Func<List<PartRange>, T> read)
    {
        try
        {
            return read(Ranges(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CheckpointException(path, null, "a safetensors file that stays as it is", e.Message, e);
        }
    }

    private static List<PartRange> Ranges(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        List<PartRange> ranges = [new("", 0, file.DataStart)];

        // The header is checked to leave no byte between tensors. A tensor without elements has no byte to send.
        foreach (TensorEntry entry in file.Entries.Where(entry => entry.Bytes > 0))
            ranges.Add(new PartRange(entry.Name, file.DataStart + entry.Begin, entry.Bytes));
        return ranges;
    }
}
