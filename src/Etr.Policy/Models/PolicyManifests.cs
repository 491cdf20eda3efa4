using Etr.Core.Policies;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Models;

/// <summary>Makes the manifest of a model: its configuration, its tokenizer, and its weights tensor by tensor.</summary>
public static class PolicyManifests
{
    // As much as is read of a configuration or tokenizer; the largest published tokenizers take a few tens of megabytes.
    private const long LargestSmallFile = 64L << 20;

    /// <summary>The manifest of a model's folder.</summary>
    /// <param name="folder">Holds <c>config.json</c>, <c>tokenizer.json</c> and <c>model.safetensors</c>.</param>
    /// <param name="version">The policy version it is to be.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CheckpointException">A file is missing or not as it should be.</exception>
    public static PolicyManifest Of(string folder, long version, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Of(
            version, Path.Combine(folder, ModelFiles.Config), Path.Combine(folder, ModelFiles.Tokenizer), Path.Combine(folder, ModelFiles.Weights),
            cancellationToken);
    }

    /// <summary>The manifest of three files, wherever they lie.</summary>
    /// <param name="version">The policy version they are to be.</param>
    /// <param name="config">The configuration.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="weights">The weights, safetensors.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="CheckpointException">A file is missing or not as it should be.</exception>
    public static PolicyManifest Of(long version, string config, string tokenizer, string weights, CancellationToken cancellationToken)
    {
        ManifestFile[] files =
        [
            Small(ModelFiles.Config, config), Small(ModelFiles.Tokenizer, tokenizer), SafetensorsParts.FileOf(weights, ModelFiles.Weights, cancellationToken),
        ];
        return new PolicyManifest(version, files).Validate();
    }

    private static ManifestFile Small(string name, string path)
    {
        try
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (file.Length is 0 or > LargestSmallFile)
                throw new CheckpointException(path, null, $"a file of 1 to {LargestSmallFile} bytes", $"{file.Length}");
            byte[] content = new byte[file.Length];
            file.ReadExactly(content);
            return PartHashes.Of(name, content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable file", e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message, e);
        }
    }
}
