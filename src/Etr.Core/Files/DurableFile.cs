using System.Security.Cryptography;

namespace Etr.Core.Files;

/// <summary>
/// Writes files that are whole or not there: under a temporary name, fsynced, renamed. The rename itself is on disk once the
/// directory is fsynced, which is done where the system allows it.
/// </summary>
public static class DurableFile
{
    private const int BufferBytes = 1 << 16;

    /// <summary>SHA-256 of bytes in lower-case hexadecimal.</summary>
    public static string Sha256(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Writes a file, replacing what was there. The directory is made where it is missing.</summary>
    public static async Task WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        (string directory, string temporary) = Aside(path);
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

    /// <summary>Writes a file piece by piece, replacing what was there. The directory is made where it is missing.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content. Where it throws, the old file stays.</param>
    /// <exception cref="IOException">No room, or the directory cannot be written; nothing is left under the final name.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        WriteAside(path, stream =>
        {
            write(stream);
            return path;
        });
    }

    /// <summary>Writes a file under its own hash, <c>{sha256}{extension}</c>. Writing the same content again is harmless.</summary>
    /// <param name="directory">Where; made where it is missing.</param>
    /// <param name="extension">The end of its name, with the dot.</param>
    /// <param name="write">Writes the content.</param>
    /// <returns>The file's path and its hash in lower-case hexadecimal.</returns>
    /// <exception cref="IOException">No room, or the directory cannot be written; nothing is left under a final name.</exception>
    public static (string Path, string Sha256) WriteNamed(string directory, string extension, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(write);
        string sha256 = "";
        string path = WriteAside(Path.Combine(directory, "new" + extension), stream =>
        {
            using SHA256 hash = SHA256.Create();
            using (CryptoStream hashed = new(stream, hash, CryptoStreamMode.Write, leaveOpen: true))
                write(hashed);
            sha256 = Convert.ToHexStringLower(hash.Hash!);
            return Path.Combine(directory, sha256 + extension);
        });
        return (path, sha256);
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

    /// <summary>Makes what was renamed or made in a directory durable.</summary>
    internal static void SyncDirectory(string directory)
    {
        // Windows needs no such thing. Elsewhere a file system that refuses it still has the renamed file in its cache.
        if (!OperatingSystem.IsWindows())
            DirectorySync.Flush(directory);
    }

    /// <summary>Writes aside what then tells its final name, which lies in the same directory.</summary>
    private static string WriteAside(string near, Func<Stream, string> write)
    {
        (string directory, string temporary) = Aside(near);
        try
        {
            string path;
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes))
            {
                path = write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            SyncDirectory(directory);
            return path;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>A new name beside a file, in its directory, which is made where it is missing.</summary>
    internal static (string Directory, string Temporary) Aside(string path)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(directory);
        return (directory, Path.Combine(directory, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp"));
    }
}
