using System.Buffers;

namespace Etr.Core.Policies;

/// <summary>A version's folder in a directory that this process sees: the learner's own, or a shared one.</summary>
/// <param name="folder">The version's folder.</param>
public sealed class FolderPolicySource(string folder) : IPolicySource
{
    /// <inheritdoc/>
    /// <exception cref="FileNotFoundException">The version is not published there.</exception>
    public async Task<PolicyManifest> ManifestAsync(CancellationToken cancellationToken)
    {
        string path = Path.Combine(folder, PolicyManifest.FileName);
        return await PolicyManifestJson.ReadFileAsync(path, cancellationToken)
            ?? throw new FileNotFoundException($"{folder} holds no published policy.", path);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The name is not a plain file name.</exception>
    public async Task ReadAsync(string file, long offset, long count, Stream into, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(into);
        if (!ManifestRules.IsFileName(file))
            throw new ArgumentException("A plain file name is expected.", nameof(file));
        using var handle = PartHashes.OpenForReading(Path.Combine(folder, file));
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(PartHashes.BufferBytes, count));
        try
        {
            for (long end = offset + count; offset < end;)
            {
                int read = await RandomAccess.ReadAsync(handle, buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - offset)), offset, cancellationToken);
                if (read == 0)
                    throw new EndOfStreamException($"{file} ends at byte {offset}; {end} were expected.");
                await into.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
