using System.Security.Cryptography;
using Etr.Core.Files;
using Etr.Core.Training;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Training;

/// <summary>Files named by their SHA-256: <c>{sha256}.safetensors</c>. Who knows the name can check the content.</summary>
internal static class ContentFile
{
    private const string Extension = ".safetensors";

    /// <summary>Writes a file aside while hashing it, fsyncs it, renames it to its hash and fsyncs the folder. Writing the same content again is harmless.</summary>
    /// <exception cref="IOException">The file cannot be written; nothing is left under a final name.</exception>
    public static FileRef Write(string folder, Action<Stream> write)
    {
        (string path, string sha256) = DurableFile.WriteNamed(folder, Extension, write);
        return new FileRef(path, sha256);
    }

    /// <summary>Checks that a file has the content its name in a <see cref="FileRef"/> stands for.</summary>
    /// <exception cref="CheckpointException">It is missing, cannot be read, or has another content.</exception>
    public static void Verify(FileRef file)
    {
        string found = Sha256(file.Path);
        if (!string.Equals(found, file.Sha256, StringComparison.OrdinalIgnoreCase))
            throw new CheckpointException(file.Path, null, $"content with SHA-256 {file.Sha256}", found);
    }

    /// <summary>SHA-256 of a file in lower-case hexadecimal.</summary>
    /// <exception cref="CheckpointException">It is missing or cannot be read.</exception>
    public static string Sha256(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 20);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable file", e.Message, e);
        }
    }
}
