using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Etr.Core.Policies;

/// <summary>Hashes files and their parts in one pass and a buffer of 1 MiB, whatever the file's length.</summary>
public static class PartHashes
{
    internal const int BufferBytes = 1 << 20;

    /// <summary>A file's entry in a manifest: each range's hash, and the whole file's.</summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Its name in the manifest.</param>
    /// <param name="ranges">The file cut in pieces: in order, without gap or overlap, at least a byte each.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ArgumentException">The ranges do not tile the file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ManifestFile Of(string path, string name, IReadOnlyList<PartRange> ranges, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ManifestPart[] parts = Read(path, ranges, whole, cancellationToken);
        return new ManifestFile(name, ranges.Sum(range => range.Bytes), Convert.ToHexStringLower(whole.GetHashAndReset()), parts);
    }

    /// <summary>The entry of a small file: one part that is the whole of it.</summary>
    /// <exception cref="ArgumentException">There is no content.</exception>
    public static ManifestFile Of(string name, ReadOnlySpan<byte> content)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (content.IsEmpty)
            throw new ArgumentException($"'{name}' is empty", nameof(content));
        string sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        return new ManifestFile(name, content.Length, sha256, [new ManifestPart("", 0, content.Length, sha256)]);
    }

    /// <summary>The hash of each range alone, for a file whose own hash is known.</summary>
    /// <inheritdoc cref="Of(string, string, IReadOnlyList{PartRange}, CancellationToken)"/>
    public static IReadOnlyList<ManifestPart> Parts(string path, IReadOnlyList<PartRange> ranges, CancellationToken cancellationToken) =>
        Read(path, ranges, null, cancellationToken);

    /// <summary>The hash of a file's first bytes; null where it has another length or is not there.</summary>
    internal static string? OfFile(string path, long bytes, CancellationToken cancellationToken)
    {
        try
        {
            using SafeFileHandle file = OpenForReading(path);
            return RandomAccess.GetLength(file) == bytes ? OfRange(file, 0, bytes, cancellationToken) : null;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The hash of a range.</summary>
    /// <exception cref="EndOfStreamException">The file ends before the range does.</exception>
    internal static string OfRange(SafeFileHandle file, long offset, long bytes, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ForEach(file, offset, bytes, piece => hash.AppendData(piece), cancellationToken);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Reads a range piece by piece.</summary>
    /// <exception cref="EndOfStreamException">The file ends before the range does.</exception>
    internal static void ForEach(SafeFileHandle file, long offset, long bytes, Action<ReadOnlySpan<byte>> use, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BufferBytes, bytes));
        try
        {
            for (long end = offset + bytes; offset < end;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                int read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - offset)), offset);
                if (read == 0)
                    throw new EndOfStreamException($"A file ends at byte {offset}; {end} were expected.");
                use(buffer.AsSpan(0, read));
                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A file's length; of a link, that of the file it leads to.</summary>
    internal static long LengthOf(string path)
    {
        using SafeFileHandle file = OpenForReading(path);
        return RandomAccess.GetLength(file);
    }

    internal static SafeFileHandle OpenForReading(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.SequentialScan);

    private static ManifestPart[] Read(string path, IReadOnlyList<PartRange> ranges, IncrementalHash? whole, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(ranges);
        using SafeFileHandle file = OpenForReading(path);
        using var part = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        CheckTiling(path, ranges, RandomAccess.GetLength(file));
        var parts = new ManifestPart[ranges.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            ForEach(
                file, ranges[i].Offset, ranges[i].Bytes,
                piece =>
                {
                    part.AppendData(piece);
                    whole?.AppendData(piece);
                },
                cancellationToken);
            parts[i] = new ManifestPart(ranges[i].Name, ranges[i].Offset, ranges[i].Bytes, Convert.ToHexStringLower(part.GetHashAndReset()));
        }

        return parts;
    }

    private static void CheckTiling(string path, IReadOnlyList<PartRange> ranges, long length)
    {
        long end = 0;
        foreach (PartRange range in ranges)
        {
            if (range.Offset != end || range.Bytes < 1)
                throw new ArgumentException($"{path}: the range '{range.Name}' should begin at byte {end} and not be empty", nameof(ranges));
            end += range.Bytes;
        }

        if (end != length)
            throw new ArgumentException($"{path}: the ranges end at byte {end}, the file at byte {length}", nameof(ranges));
    }
}

/// <summary>Where a piece of a file lies.</summary>
/// <param name="Name">The tensor's name; empty for other bytes.</param>
/// <param name="Offset">Its first byte.</param>
/// <param name="Bytes">Its length.</param>
public readonly record struct PartRange(string Name, long Offset, long Bytes);
