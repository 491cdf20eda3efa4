using System.Text.Json.Serialization;

namespace Etr.Core.Policies;

/// <summary>
/// What one policy version is made of: its files, and of each file the parts it can be fetched in. Whoever has a part of the
/// same hash and length from another version need not fetch it again.
/// </summary>
/// <param name="Version">0 for the policy a run starts from, then the step that made it.</param>
/// <param name="Files">1 to <see cref="MostFiles"/> files, <see cref="WeightsFile"/> among them.</param>
public sealed record PolicyManifest(long Version, IReadOnlyList<ManifestFile> Files)
{
    /// <summary>Name of the manifest itself in a version's folder. It is written last: a folder without it is not whole.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Name of the weights in a version's folder.</summary>
    public const string WeightsFile = "model.safetensors";

    /// <summary>Name of the model's configuration in a version's folder.</summary>
    public const string ConfigFile = "config.json";

    /// <summary>Name of the tokenizer in a version's folder.</summary>
    public const string TokenizerFile = "tokenizer.json";

    /// <summary>Name of the tokenizer's configuration, which some models have.</summary>
    public const string TokenizerConfigFile = "tokenizer_config.json";

    /// <summary>Name of a chat template in a file of its own, which some models have.</summary>
    public const string ChatTemplateFile = "chat_template.jinja";

    /// <summary>Name of a version's adapters, where it is adapters to <see cref="WeightsFile"/>.</summary>
    public const string AdapterFile = "adapter_model.safetensors";

    /// <summary>Name of the adapters' configuration, beside them.</summary>
    public const string AdapterConfigFile = "adapter_config.json";

    /// <summary>Most files of a version.</summary>
    public const int MostFiles = 16;

    /// <summary>Most parts of a version's files together.</summary>
    public const int MostParts = 200_000;

    /// <summary>Most bytes of one file: 16 TiB.</summary>
    public const long MostBytes = 1L << 44;

    /// <summary>The weights.</summary>
    /// <exception cref="InvalidDataException">The manifest lists none.</exception>
    [JsonIgnore]
    public ManifestFile Weights => Find(WeightsFile) ?? throw new InvalidDataException($"policy manifest: expected a file {WeightsFile}, found none");

    /// <summary>What makes it this version and what it is named by: the adapters where there are some, else the weights.</summary>
    /// <exception cref="InvalidDataException">The manifest lists neither.</exception>
    [JsonIgnore]
    public ManifestFile Policy => Find(AdapterFile) ?? Weights;

    /// <summary>Bytes of all files together.</summary>
    [JsonIgnore]
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>The file of a name; null where the manifest lists none.</summary>
    public ManifestFile? Find(string name) => Files.FirstOrDefault(file => file.Name == name);

    /// <summary>
    /// Checks every field before any is used: plain file names that occur once, sizes and counts in their bounds, parts that tile
    /// their file in order, hashes of 64 lower-case hexadecimal digits.
    /// </summary>
    /// <returns>The manifest itself.</returns>
    /// <exception cref="InvalidDataException">A field is not as it should be; says which, what was expected and what was found.</exception>
    public PolicyManifest Validate()
    {
        ManifestRules.Check(this);
        return this;
    }
}

/// <summary>One file of a policy version.</summary>
/// <param name="Name">Its name in the version's folder: ASCII letters, digits, <c>.</c>, <c>_</c> and <c>-</c>.</param>
/// <param name="Bytes">Its length, 1 to <see cref="PolicyManifest.MostBytes"/>.</param>
/// <param name="Sha256">SHA-256 of its content in lower-case hexadecimal.</param>
/// <param name="Parts">The file cut in pieces: in order, without gap or overlap.</param>
public sealed record ManifestFile(string Name, long Bytes, string Sha256, IReadOnlyList<ManifestPart> Parts);

/// <summary>A piece of a file.</summary>
/// <param name="Name">The tensor's name; empty for bytes that are no tensor, such as a header or a whole small file.</param>
/// <param name="Offset">Its first byte, counted from the start of the file.</param>
/// <param name="Bytes">Its length, at least 1.</param>
/// <param name="Sha256">SHA-256 of its bytes in lower-case hexadecimal.</param>
public sealed record ManifestPart(string Name, long Offset, long Bytes, string Sha256);
