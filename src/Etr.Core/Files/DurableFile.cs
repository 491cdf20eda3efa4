using System.Security.Cryptography;

namespace Etr.Core.Files;

/// <summary>
/// Writes files that are whole or not there: under a temporary name, fsynced, renamed. The rename itself is on disk once the
/// directory is fsynced, which is done where the system allows it.
/// </summary>
public static class DurableFile
{
    /// <summary>SHA-256 of bytes in lower-case hexadecimal.</summary>
    public static string Sha256(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Writes a file, replacing what was there. The directory is made where it is missing.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(directory);
        string temporary = Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
            await using (var stream = new FileStream(temporary, options))
            {
                await stream.WriteAsync(content, cancellationToken);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            SyncDirectory(directory);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Reads a file whose name promises its content.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sha256">What its content must hash to.</param>
    /// <param name="maximumBytes">Files beyond it are refused unread.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidDataException">It is larger than allowed, or its content is not what was promised.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<byte[]> ReadVerifiedAsync(string path, string sha256, long maximumBytes, CancellationToken cancellationToken)
    {
        long length = new FileInfo(path).Length;
        if (length > maximumBytes)
            throw new InvalidDataException($"{path} has {length} bytes; at most {maximumBytes} are read.");
        byte[] content = await File.ReadAllBytesAsync(path, cancellationToken);
        string found = Sha256(content);
        return found == sha256 ? content : throw new InvalidDataException($"{path} hashes to {found}, not {sha256}.");
    }

    private static void SyncDirectory(string directory)
    {
        // Windows needs no such thing. Elsewhere a file system that refuses it still has the renamed file in its cache.
        if (!OperatingSystem.IsWindows())
            DirectorySync.Flush(directory);
    }
}
