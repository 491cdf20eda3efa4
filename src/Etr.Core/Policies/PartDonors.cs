using Etr.Core.Files;
using Microsoft.Win32.SafeHandles;

namespace Etr.Core.Policies;

/// <summary>The parts that complete versions in the cache hold: what need not be fetched again.</summary>
internal sealed class PartDonors
{
    private readonly Dictionary<(string Sha256, long Bytes), (string Path, long Offset)> _parts = [];
    private readonly Dictionary<(string Sha256, long Bytes), string> _files = [];

    /// <summary>Lists the parts of all complete versions but one.</summary>
    /// <param name="cache">The cache.</param>
    /// <param name="except">The version that is to be made.</param>
    /// <param name="verified">The manifest of a version whose files this process has hashed; null for others.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<PartDonors> InAsync(string cache, string except, Func<string, PolicyManifest?> verified, CancellationToken cancellationToken)
    {
        var donors = new PartDonors();
        foreach (string folder in Directory.GetDirectories(cache).Where(folder => ManifestRules.IsHash(Path.GetFileName(folder)) && Path.GetFileName(folder) != except))
        {
            try
            {
                if (await PolicyManifestJson.ReadFileAsync(Path.Combine(folder, PolicyManifest.FileName), cancellationToken) is { } manifest)
                    donors.Add(folder, manifest, verified(Path.GetFileName(folder)));
            }
            catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                // A version that cannot be read has nothing to give.
            }
        }

        return donors;
    }

    /// <summary>Whether somebody should have a part.</summary>
    public bool Has(ManifestPart part) => _parts.ContainsKey((part.Sha256, part.Bytes));

    /// <summary>Copies a part from where it lies; false where nobody has it, or what lies there is not it (it is then not asked for again).</summary>
    public bool TryCopy(ManifestPart part, PartWriter into, CancellationToken cancellationToken)
    {
        if (!_parts.TryGetValue((part.Sha256, part.Bytes), out (string Path, long Offset) from))
            return false;
        try
        {
            using SafeFileHandle file = PartHashes.OpenForReading(from.Path);
            into.Allow(part.Bytes);
            PartHashes.ForEach(file, from.Offset, part.Bytes, into.Write, cancellationToken);
            if (into.Wrong.Count == 0)
                return true;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException or EndOfStreamException or UnauthorizedAccessException)
        {
            // Collected or cut short meanwhile.
            into.Abandon();
        }

        _parts.Remove((part.Sha256, part.Bytes));
        return false;
    }

    /// <summary>
    /// Makes a file as a second name of the very file of another version, whose hash this process has seen to be right: the model that adapters
    /// belong to is in every version of them. False where there is none, or the file system has no second names.
    /// </summary>
    public bool TryLink(ManifestFile file, string path) =>
        _files.TryGetValue((file.Sha256, file.Bytes), out string? from)
        && new FileInfo(from) is { Exists: true } found && found.Length == file.Bytes
        && HardLink.TryCreate(from, path);

    private void Add(string folder, PolicyManifest manifest, PolicyManifest? verified)
    {
        foreach (ManifestFile file in manifest.Files)
        {
            if (verified?.Find(file.Name)?.Sha256 == file.Sha256)
                _files.TryAdd((file.Sha256, file.Bytes), Path.Combine(folder, file.Name));
            foreach (ManifestPart part in file.Parts)
                _parts.TryAdd((part.Sha256, part.Bytes), (Path.Combine(folder, file.Name), part.Offset));
        }
    }
}
