using System.Globalization;
using Etr.Core.Files;
using Etr.Core.Policies;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Silo.Cli;
using Etr.Silo.Training;

namespace Etr.Silo.Export;

/// <summary>Writes a run's policy as a folder that other programs open: a whole model, or adapters as PEFT has them.</summary>
/// <param name="run">The run.</param>
/// <param name="version">The version to write; null for the newest.</param>
internal sealed class RunExport(StoredRun run, long? version)
{
    private const long LargestSmallFile = 64L << 20;

    // What Hugging Face keeps beside a model, and this program does not read.
    private static readonly string[] Companions =
    [
        "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model", "chat_template.jinja", "generation_config.json",
    ];

    private readonly RunPlace _place = new(run.Name, run.Directory);

    /// <summary>Writes the folder.</summary>
    /// <param name="folder">Where; it is empty or not there yet.</param>
    /// <param name="merged">Whether adapters are merged into their model.</param>
    /// <param name="cancellationToken">Ends the work between files.</param>
    /// <returns>The version written.</returns>
    /// <exception cref="CommandFailure">There is no such version, the folder is not empty, or the run has no adapters to write alone.</exception>
    /// <exception cref="Policy.Checkpoints.CheckpointException">A file of the policy is not as it should be.</exception>
    public async Task<long> WriteAsync(string folder, bool merged, CancellationToken cancellationToken)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new CommandFailure($"{folder} is not empty: name a directory that is, or that is not there yet");
        PolicyManifest manifest = await FindAsync(cancellationToken);
        string source = _place.PolicyFolder(manifest.Version);
        bool adapters = manifest.Find(PolicyManifest.AdapterFile) is not null;
        if (!merged && !adapters)
            throw new CommandFailure($"version {manifest.Version} of {run.Name} is a whole model, not adapters: export it with --merged");

        RunConfiguration configuration = run.Configuration();
        Directory.CreateDirectory(folder);
        if (merged)
            await Task.Run(() => WriteModel(source, folder, adapters, configuration.Policy.Path), cancellationToken);
        else
            await Task.Run(() => WriteAdapters(source, folder), cancellationToken);
        return manifest.Version;
    }

    private async Task<PolicyManifest> FindAsync(CancellationToken cancellationToken)
    {
        long[] known = Directory.Exists(_place.Policies)
            ? [.. Directory.GetDirectories(_place.Policies)
                .Select(path => long.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : -1)
                .Where(number => number >= 0).OrderDescending()]
            : [];
        foreach (long number in known.Where(number => version is null || number == version))
        {
            if (await PolicyFolder.ReadAsync(_place.Policies, number, cancellationToken) is { } manifest)
                return manifest;
        }

        throw new CommandFailure(known.Length == 0
            ? $"{run.Name} has no policy on this machine: {_place.Policies}"
            : $"version {version?.ToString(CultureInfo.InvariantCulture) ?? "of any number"} of {run.Name} is not kept: there are {string.Join(", ", known)}");
    }

    private static void WriteModel(string source, string folder, bool adapters, string startingModel)
    {
        foreach (string name in (string[])[ModelFiles.Config, ModelFiles.Tokenizer])
            Copy(Path.Combine(source, name), Path.Combine(folder, name));
        foreach (string name in Companions.Where(name => new FileInfo(Path.Combine(startingModel, name)) is { Exists: true, Length: <= LargestSmallFile }))
            Copy(Path.Combine(startingModel, name), Path.Combine(folder, name));
        string tokenizer = Path.Combine(folder, "tokenizer_config.json");
        if (!File.Exists(tokenizer))
            DurableFile.Write(tokenizer, stream => stream.Write("{\n  \"tokenizer_class\": \"PreTrainedTokenizerFast\"\n}\n"u8));

        string weights = Path.Combine(source, ModelFiles.Weights);
        string target = Path.Combine(folder, ModelFiles.Weights);
        if (!adapters)
        {
            Copy(weights, target);
            return;
        }

        var config = ModelConfig.Read(Path.Combine(source, ModelFiles.Config));
        MergedModel.Write(
            weights, config, Path.Combine(source, PolicyManifest.AdapterFile), AdapterConfig.Read(Path.Combine(source, PolicyManifest.AdapterConfigFile)), target);
    }

    private static void WriteAdapters(string source, string folder)
    {
        foreach (string name in (string[])[PolicyManifest.AdapterConfigFile, PolicyManifest.AdapterFile])
            Copy(Path.Combine(source, name), Path.Combine(folder, name));
    }

    private static void Copy(string from, string to) => DurableFile.Write(to, stream =>
    {
        using FileStream source = File.OpenRead(from);
        source.CopyTo(stream);
    });
}
