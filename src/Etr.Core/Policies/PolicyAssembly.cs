using Etr.Core.Files;
using Microsoft.Win32.SafeHandles;

namespace Etr.Core.Policies;

/// <summary>
/// Brings one version together in its folder. A file grows as <c>{name}.part</c>, of its full length from the start; which of its
/// parts are there is told by their hashes alone, so an interrupted one needs no notes to go on.
/// </summary>
internal sealed class PolicyAssembly(string folder, PolicyManifest manifest, IPolicySource source, PartDonors donors)
{
    private long _fetched;
    private long _reused;

    /// <summary>Makes the folder whole. Nothing has a final name before its hash was seen to be right.</summary>
    /// <exception cref="InvalidDataException">The source has other bytes than the manifest says, twice in a row.</exception>
    /// <exception cref="IOException">The source or the disk failed; what came so far is kept.</exception>
    public async Task<FetchedPolicy> RunAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        string manifestFile = Path.Combine(folder, PolicyManifest.FileName);
        byte[] json = PolicyManifestJson.Write(manifest);
        foreach (ManifestFile file in manifest.Files)
        {
            string path = Path.Combine(folder, file.Name);
            if (PartHashes.OfFile(path, file.Bytes, cancellationToken) == file.Sha256)
            {
                _reused += file.Bytes;
                continue;
            }

            // From here to the last line the folder is not complete, whatever it was before.
            File.Delete(manifestFile);
            File.Delete(path);
            if (donors.TryLink(file, path))
            {
                _reused += file.Bytes;
                continue;
            }

            await AssembleAsync(file, path, cancellationToken);
        }

        if (!await PolicyManifestJson.IsAsync(manifestFile, json, cancellationToken))
            await DurableFile.WriteAsync(manifestFile, json, cancellationToken);
        return new FetchedPolicy(folder, manifest, _fetched, _reused);
    }

    private async Task AssembleAsync(ManifestFile file, string path, CancellationToken cancellationToken)
    {
        string aside = path + ".part";
        string found;
        using (SafeFileHandle handle = Open(aside, file.Bytes, out bool resumed))
        using (var whole = new WholeHash())
        {
            await FillAsync(file, handle, whole, resumed, cancellationToken);
            found = whole.Finish(handle, file.Bytes, cancellationToken);
            if (found == file.Sha256)
                RandomAccess.FlushToDisk(handle);
        }

        if (found != file.Sha256)
        {
            // Every part is what the manifest says, so the manifest contradicts itself: nothing here is worth keeping.
            File.Delete(aside);
            throw new InvalidDataException($"policy file {file.Name}: expected SHA-256 {file.Sha256}, found {found}");
        }

        File.Move(aside, path, overwrite: true);
    }

    /// <summary>Opens the unfinished file, alone: a second process in the same cache would write over this one.</summary>
    private static SafeFileHandle Open(string path, long bytes, out bool resumed)
    {
        var found = new FileInfo(path);
        resumed = found.Exists && found.Length == bytes;
        if (resumed)
            return File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        found.Delete();

        // Asked before, since reserving more than there is would fill the disk first and fail then.
        long free = new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace;
        if (bytes > free)
            throw new IOException($"policy file {Path.GetFileName(path)}: needs {bytes} bytes, and {free} are free");
        SafeFileHandle handle = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.None, bytes);
        try
        {
            RandomAccess.SetLength(handle, bytes);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Part by part in order: there already, or copied, or with its missing neighbours in one request.</summary>
    private async Task FillAsync(ManifestFile file, SafeFileHandle handle, WholeHash whole, bool resumed, CancellationToken cancellationToken)
    {
        List<ManifestPart> missing = [];
        foreach (ManifestPart part in file.Parts)
        {
            if (resumed && PartHashes.OfRange(handle, part.Offset, part.Bytes, cancellationToken) == part.Sha256)
            {
                _reused += part.Bytes;
                await FetchAsync(file, missing, handle, whole, cancellationToken);
            }
            else if (donors.Has(part))
            {
                await FetchAsync(file, missing, handle, whole, cancellationToken);
                using var writer = new PartWriter(handle, [part], whole);
                if (donors.TryCopy(part, writer, cancellationToken))
                    _reused += part.Bytes;
                else
                    missing.Add(part);
            }
            else
            {
                missing.Add(part);
            }
        }

        await FetchAsync(file, missing, handle, whole, cancellationToken);
    }

    /// <summary>Fetches adjacent parts and empties the list. A part that came wrong is asked for once more.</summary>
    private async Task FetchAsync(ManifestFile file, List<ManifestPart> parts, SafeFileHandle handle, WholeHash whole, CancellationToken cancellationToken)
    {
        if (parts.Count == 0)
            return;
        using (var writer = new PartWriter(handle, parts, whole))
        {
            await RequestAsync(file, writer, cancellationToken);
            foreach ((ManifestPart part, _) in writer.Wrong)
            {
                using var again = new PartWriter(handle, [part], whole);
                await RequestAsync(file, again, cancellationToken);
                if (again.Wrong is [var (_, found), ..])
                    throw new InvalidDataException($"policy file {file.Name}, part '{part.Name}' ({part.Bytes} bytes from byte {part.Offset}): expected SHA-256 {part.Sha256}, found {found}");
            }
        }

        parts.Clear();
    }

    private async Task RequestAsync(ManifestFile file, PartWriter writer, CancellationToken cancellationToken)
    {
        while (writer.Offset < writer.End)
        {
            long start = writer.Offset;
            long count = Math.Min(PolicyFetcher.LargestRequest, writer.End - start);
            writer.Allow(count);
            await source.ReadAsync(file.Name, start, count, writer, cancellationToken);
            if (writer.Offset != start + count)
                throw new IOException($"policy file {file.Name}: asked for {count} bytes from byte {start}, and {writer.Offset - start} came");
            _fetched += count;
        }
    }
}
