using System.Security.Cryptography;
using Etr.Core.Training;
using Etr.Policy.Training;

namespace Etr.Policy.Checkpoints;

/// <summary>
/// Shards as the one file they join to. Its bytes follow from the shards alone, so that shards have a hash, and a run that starts
/// from them hands out one file like any other.
/// </summary>
public static class JoinedWeights
{
    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>SHA-256 of a safetensors file, or of the file that an index's shards join to, in lower-case hexadecimal.</summary>
    /// <exception cref="CheckpointException">A file is missing, cannot be read, or is not valid.</exception>
    public static string Sha256(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!path.EndsWith(WeightIndex.Extension, StringComparison.Ordinal))
            return ContentFile.Sha256(path);
        using WeightFiles source = WeightFiles.Open(path);
        using SHA256 hash = SHA256.Create();
        using (CryptoStream hashed = new(Stream.Null, hash, CryptoStreamMode.Write))
            Write(source, hashed);
        return Convert.ToHexStringLower(hash.Hash!);
    }

    /// <summary>Joins shards into <c>{sha256}.safetensors</c>.</summary>
    /// <param name="folder">Where; made where it is missing.</param>
    /// <param name="index">The index.</param>
    /// <exception cref="CheckpointException">A file is missing, cannot be read, or is not valid.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static FileRef Write(string folder, string index)
    {
        using WeightFiles source = WeightFiles.Open(index);
        return ContentFile.Write(folder, stream => Write(source, stream));
    }

    private static void Write(WeightFiles source, Stream stream)
    {
        SafetensorsWriter.WriteHeader(stream, [.. source.Entries.Select(entry => new TensorShape(entry.Name, entry.Type, entry.Shape))], Metadata);
        foreach (TensorEntry entry in source.Entries)
            source.Of(entry.Name).File.CopyTo(entry, stream);
    }
}
