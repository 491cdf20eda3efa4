using Etr.Core.Policies;
using Etr.Grains.Files;
using Etr.Silo.Store;

namespace Etr.Silo.Files;

/// <summary>The files of runs that this silo can hand out: those in its data directory, and bodies it keeps for others.</summary>
internal sealed class LocalFiles(DataDirectory data, SiloHome home, bool sharedDirectories)
{
    private const int HashLength = 64;

    /// <summary>Whether this silo sees a run's directory: below its own data directory, or, where directories may be shared, anywhere.</summary>
    public bool Sees(RunPlace run) =>
        Path.GetFullPath(run.Directory).StartsWith(data.Root + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? Directory.Exists(run.Directory)
            : sharedDirectories && Directory.Exists(run.Directory);

    /// <summary>Where this silo keeps the body of a group whose run's directory it does not see.</summary>
    public string KeptGroup(string run, string sha256) => Path.Combine(home.Groups, run, sha256 + ".bin");

    /// <summary>A body as this silo has it; null where it has none.</summary>
    public string? FindGroup(string run, string sha256)
    {
        if (!IsName(run) || !IsHash(sha256))
            return null;
        string[] candidates = [new RunPlace(run, data.Run(run)).GroupFile(sha256), KeptGroup(run, sha256)];
        return candidates.FirstOrDefault(File.Exists);
    }

    /// <summary>The sampler–learner gaps of a run's step; null where this silo has none.</summary>
    public string? FindGaps(string run, string sha256) =>
        IsName(run) && IsHash(sha256) && new RunPlace(run, data.Run(run)).GapsFile(sha256) is var path && File.Exists(path) ? path : null;

    /// <summary>Where this silo keeps a data file whose run's directory it does not see.</summary>
    public string KeptData(string name) => Path.Combine(home.Data, name);

    /// <summary>A data file of a run; null where this silo has none.</summary>
    public string? FindData(string run, string name) =>
        IsName(run) && IsHash(Path.GetFileNameWithoutExtension(name)) && name == Path.GetFileName(name)
        && Path.Combine(new RunPlace(run, data.Run(run)).Data, name) is var path && File.Exists(path)
            ? path
            : null;

    /// <summary>A file of a published policy version; null where this silo has none.</summary>
    public async Task<string?> FindPolicyAsync(string run, long version, string name, CancellationToken cancellationToken) =>
        IsName(run) && version >= 0
            ? await PolicyFolder.ResolveAsync(new RunPlace(run, data.Run(run)).Policies, version, name, cancellationToken)
            : null;

    private static bool IsName(string run) => run.Length > 0 && run == Path.GetFileName(run) && run is not ("." or "..");

    private static bool IsHash(string text) => text.Length == HashLength && text.All(char.IsAsciiHexDigitLower);
}
