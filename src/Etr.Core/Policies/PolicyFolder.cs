using System.Globalization;
using Etr.Core.Files;
using Etr.Core.Training;

namespace Etr.Core.Policies;

/// <summary>
/// The published versions of a run's policy: <c>policy/{version}/</c>, a folder that any Hugging Face reader opens, beside the
/// weights, <c>policy/{sha256}.safetensors</c>, which it links to. Its manifest is written last: a folder without one is not
/// published.
/// </summary>
public static class PolicyFolder
{
    // Tokenizers of the largest vocabularies take a few tens of megabytes.
    private const long LargestCopy = 64L << 20;
    private const string WeightsExtension = ".safetensors";

    /// <summary>The folder of a version.</summary>
    public static string PathOf(string policyDirectory, long version) =>
        Path.Combine(policyDirectory, version.ToString(CultureInfo.InvariantCulture));

    /// <summary>Publishes a version, or does nothing where it is published already.</summary>
    /// <param name="policyDirectory">The run's policy directory.</param>
    /// <param name="version">The version, from 0.</param>
    /// <param name="weights">The weights. Beside the version's folder they are linked to by a relative path, elsewhere by an absolute one.</param>
    /// <param name="parts">The weights file cut at its tensors, as <see cref="SavedPolicy.Parts"/> has them.</param>
    /// <param name="modelFolder">The model the run started from: its <c>config.json</c> and <c>tokenizer.json</c> are copied, and those of <c>tokenizer_config.json</c> and <c>chat_template.jinja</c> that it has.</param>
    /// <param name="cancellationToken">Ends the work between files; what is half done is not published.</param>
    /// <returns>The manifest.</returns>
    /// <exception cref="InvalidDataException">A file is too large or empty, or the parts are not those of the weights.</exception>
    /// <exception cref="IOException">A file is missing or cannot be written.</exception>
    public static Task<PolicyManifest> PublishAsync(
        string policyDirectory, long version, FileRef weights, IReadOnlyList<ManifestPart> parts, string modelFolder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var content = new ManifestFile(PolicyManifest.WeightsFile, PartHashes.LengthOf(weights.Path), weights.Sha256, parts);
        return PublishAsync(policyDirectory, version, new Content([(content, weights.Path)], AdapterConfig: null), modelFolder, cancellationToken);
    }

    /// <summary>Publishes a version that is adapters to version 0: the model itself is linked to, so that the folder is whole, and sent to nobody twice.</summary>
    /// <param name="policyDirectory">The run's policy directory; version 0 is published there.</param>
    /// <param name="version">The version, from 1.</param>
    /// <param name="adapters">The adapters.</param>
    /// <param name="parts">Their file cut at its tensors.</param>
    /// <param name="adapterConfig">Their <c>adapter_config.json</c>.</param>
    /// <param name="modelFolder">The model the run started from.</param>
    /// <param name="cancellationToken">Ends the work between files; what is half done is not published.</param>
    /// <inheritdoc cref="PublishAsync(string, long, FileRef, IReadOnlyList{ManifestPart}, string, CancellationToken)"/>
    public static async Task<PolicyManifest> PublishAdaptersAsync(
        string policyDirectory, long version, FileRef adapters, IReadOnlyList<ManifestPart> parts, byte[] adapterConfig, string modelFolder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(adapters);
        ArgumentNullException.ThrowIfNull(adapterConfig);
        PolicyManifest start = await ReadAsync(policyDirectory, 0, cancellationToken)
            ?? throw new FileNotFoundException($"version 0 of the policy is not published in {policyDirectory}");
        string model = Path.Combine(PathOf(policyDirectory, 0), PolicyManifest.WeightsFile);
        string real = new FileInfo(model).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? model;
        var content = new ManifestFile(PolicyManifest.AdapterFile, PartHashes.LengthOf(adapters.Path), adapters.Sha256, parts);
        return await PublishAsync(
            policyDirectory, version, new Content([(content, adapters.Path), (start.Weights, real)], adapterConfig), modelFolder, cancellationToken);
    }

    /// <summary>The file in a version's folder that the version is named by: adapters where it has some, else weights.</summary>
    public static string PolicyFileIn(string folder)
    {
        string adapters = Path.Combine(folder, PolicyManifest.AdapterFile);
        return File.Exists(adapters) ? adapters : Path.Combine(folder, PolicyManifest.WeightsFile);
    }

    private static async Task<PolicyManifest> PublishAsync(
        string policyDirectory, long version, Content content, string modelFolder, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(policyDirectory);
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        ArgumentException.ThrowIfNullOrEmpty(modelFolder);
        List<(string Name, byte[] Bytes)> small = await ReadCopiesAsync(modelFolder, cancellationToken);
        if (content.AdapterConfig is { } adapterConfig)
            small.Add((PolicyManifest.AdapterConfigFile, adapterConfig));
        var manifest = new PolicyManifest(version, [.. small.Select(file => PartHashes.Of(file.Name, file.Bytes)), .. content.Linked.Select(linked => linked.File)]);
        byte[] json = PolicyManifestJson.Write(manifest);
        string folder = PathOf(policyDirectory, version);
        string manifestFile = Path.Combine(folder, PolicyManifest.FileName);
        (string Link, string Target)[] links = [.. content.Linked.Select(linked => (Path.Combine(folder, linked.File.Name), TargetOf(policyDirectory, linked.Path)))];
        bool published = File.Exists(manifestFile);
        if (links.All(link => new FileInfo(link.Link).LinkTarget == link.Target) && await PolicyManifestJson.IsAsync(manifestFile, json, cancellationToken))
            return manifest;

        // Whoever looks meanwhile finds nothing published, not a mixture. Nothing is lost: a step that is trained again and
        // comes out otherwise was never committed. Where nothing was published nothing is deleted: a process that was frozen here
        // may find that its successor has published the very same since.
        if (published)
            File.Delete(manifestFile);
        Directory.CreateDirectory(folder);
        foreach ((string name, byte[] bytes) in small)
            await DurableFile.WriteAsync(Path.Combine(folder, name), bytes, cancellationToken);
        foreach ((string link, string target) in links)
            PlaceLink(link, target);
        await DurableFile.WriteAsync(manifestFile, json, cancellationToken);
        DurableFile.SyncDirectory(policyDirectory);
        return manifest;
    }

    /// <summary>The manifest of a version; null where it is not published.</summary>
    /// <exception cref="InvalidDataException">The manifest is not as it should be.</exception>
    public static Task<PolicyManifest?> ReadAsync(string policyDirectory, long version, CancellationToken cancellationToken) =>
        PolicyManifestJson.ReadFileAsync(Path.Combine(PathOf(policyDirectory, version), PolicyManifest.FileName), cancellationToken);

    /// <summary>
    /// Where a file of a published version really lies, links followed; null where the version is not published, its manifest
    /// does not list the name, or the file is gone. The manifest itself can be asked for as <see cref="PolicyManifest.FileName"/>.
    /// </summary>
    /// <param name="policyDirectory">The run's policy directory.</param>
    /// <param name="version">The version.</param>
    /// <param name="name">Whatever a client asked for: it is compared with the listed names and never made a path otherwise.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidDataException">The manifest is not as it should be.</exception>
    public static async Task<string?> ResolveAsync(string policyDirectory, long version, string name, CancellationToken cancellationToken)
    {
        if (await ReadAsync(policyDirectory, version, cancellationToken) is not { } manifest)
            return null;
        string? listed = name == PolicyManifest.FileName ? name : manifest.Find(name)?.Name;
        if (listed is null)
            return null;
        var file = new FileInfo(Path.Combine(PathOf(policyDirectory, version), listed));
        try
        {
            string real = file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName;
            return File.Exists(real) ? real : null;
        }
        catch (IOException)
        {
            // Collected meanwhile, or a circle of links.
            return null;
        }
    }

    /// <summary>
    /// Removes the folders of versions that are older than the newest kept one and not kept, and the weights beside them that only
    /// those linked to. A newer version is never touched: whoever published it knows more than the caller. Weights that lie
    /// elsewhere (a starting model's) and weights that no version links to yet are never touched. Publish before collecting: weights
    /// that come out as an older version's are the same file.
    /// </summary>
    /// <param name="policyDirectory">The run's policy directory.</param>
    /// <param name="keepVersions">The versions that may still be drawn with or fetched.</param>
    /// <exception cref="IOException">Something cannot be removed; calling again goes on.</exception>
    public static void Collect(string policyDirectory, IReadOnlyCollection<long> keepVersions)
    {
        ArgumentException.ThrowIfNullOrEmpty(policyDirectory);
        ArgumentNullException.ThrowIfNull(keepVersions);
        if (!Directory.Exists(policyDirectory))
            return;
        long newest = keepVersions.DefaultIfEmpty(long.MinValue).Max();
        ILookup<bool, string> folders = Directory.GetDirectories(policyDirectory)
            .Where(folder => VersionOf(folder) is not null)
            .ToLookup(folder => VersionOf(folder)!.Value is var version && (version > newest || keepVersions.Contains(version)));
        HashSet<string> used = [.. folders[true].SelectMany(WeightsBeside)];
        foreach (string folder in folders[false])
        {
            // In this order: no longer published, then its weights while the link still tells them, then the rest.
            File.Delete(Path.Combine(folder, PolicyManifest.FileName));
            foreach (string name in WeightsBeside(folder).Where(name => !used.Contains(name)))
                File.Delete(Path.Combine(policyDirectory, name));
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string TargetOf(string policyDirectory, string weights)
    {
        string full = Path.GetFullPath(weights);
        return Path.GetDirectoryName(full) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(policyDirectory))
            ? Path.Combine("..", Path.GetFileName(full))
            : full;
    }

    private static void PlaceLink(string link, string target)
    {
        if (new FileInfo(link).LinkTarget == target)
            return;
        string aside = Path.Combine(Path.GetDirectoryName(link)!, $".{Guid.NewGuid():N}.tmp");
        File.CreateSymbolicLink(aside, target);
        try
        {
            File.Move(aside, link, overwrite: true);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
    }

    /// <summary>Names of the files in the policy directory that a version's folder links to.</summary>
    private static IEnumerable<string> WeightsBeside(string folder)
    {
        foreach (string linked in (string[])[PolicyManifest.WeightsFile, PolicyManifest.AdapterFile])
        {
            string? target = new FileInfo(Path.Combine(folder, linked)).LinkTarget;
            string name = Path.GetFileName(target) ?? "";
            if (target == Path.Combine("..", name) && Path.GetExtension(name) == WeightsExtension && ManifestRules.IsHash(Path.GetFileNameWithoutExtension(name)))
                yield return name;
        }
    }

    private static long? VersionOf(string folder)
    {
        string name = Path.GetFileName(folder);
        return long.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out long version)
            && name == version.ToString(CultureInfo.InvariantCulture) ? version : null;
    }

    private static async Task<List<(string Name, byte[] Bytes)>> ReadCopiesAsync(string modelFolder, CancellationToken cancellationToken)
    {
        var copies = new List<(string, byte[])>();
        foreach (string name in (string[])[PolicyManifest.ConfigFile, PolicyManifest.TokenizerFile])
            copies.Add((name, await ReadSmallAsync(Path.Combine(modelFolder, name), cancellationToken)));
        foreach (string name in (string[])[PolicyManifest.TokenizerConfigFile, PolicyManifest.ChatTemplateFile])
        {
            if (File.Exists(Path.Combine(modelFolder, name)))
                copies.Add((name, await ReadSmallAsync(Path.Combine(modelFolder, name), cancellationToken)));
        }

        return copies;
    }

    private static async Task<byte[]> ReadSmallAsync(string path, CancellationToken cancellationToken)
    {
        long bytes = PartHashes.LengthOf(path);
        return bytes is > 0 and <= LargestCopy
            ? await File.ReadAllBytesAsync(path, cancellationToken)
            : throw new InvalidDataException($"{path}: expected 1 to {LargestCopy} bytes, found {bytes}");
    }

    /// <summary>What a version has beside its small files: what is linked to, and the adapters' configuration.</summary>
    private sealed record Content(IReadOnlyList<(ManifestFile File, string Path)> Linked, byte[]? AdapterConfig);
}
