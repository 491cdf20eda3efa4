using Etr.Silo.Engines;

namespace Etr.Silo.Audits;

/// <summary>Holds a run's files to their names: each is named by the SHA-256 of its content.</summary>
internal sealed class FileAudit
{
    private readonly List<string> _differences = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>What differs, a sentence each.</summary>
    public IReadOnlyList<string> Differences => _differences;

    /// <summary>Files that hash to what they should.</summary>
    public int Whole { get; private set; }

    /// <summary>Files that are no longer there: older policies and bodies are collected.</summary>
    public int Collected { get; private set; }

    /// <summary>Checks everything that the evidence names.</summary>
    public static async Task<FileAudit> OfAsync(string directory, AuditEvidence evidence, CancellationToken cancellationToken)
    {
        var audit = new FileAudit();
        if (evidence.Learner is { Kept: [.., var newest] })
        {
            await audit.CheckAsync(newest.Checkpoint, newest.CheckpointSha256, needed: true, cancellationToken);
            await audit.CheckAsync(newest.Policy, newest.PolicySha256, needed: true, cancellationToken);
        }

        foreach (var manifest in evidence.Manifests)
        {
            if (manifest is null)
                continue;
            await audit.CheckAsync(Path.Combine(directory, "policy", manifest.PolicySha256 + ".safetensors"), manifest.PolicySha256, needed: false, cancellationToken);
            if (manifest.Summary.GapsSha256 is { Length: > 0 } gaps)
                await audit.CheckAsync(Path.Combine(directory, "gaps", gaps + ".bin"), gaps, needed: false, cancellationToken);
            foreach (var group in manifest.Groups)
                await audit.CheckAsync(Path.Combine(directory, "groups", group.Sha256 + ".bin"), group.Sha256, needed: false, cancellationToken);
        }

        return audit;
    }

    private async Task CheckAsync(string file, string sha256, bool needed, CancellationToken cancellationToken)
    {
        if (!_seen.Add(file))
            return;
        if (!File.Exists(file))
        {
            if (needed)
                _differences.Add($"{file} is needed to go on and is missing");
            else
                Collected++;
            return;
        }

        string found = await StartingPolicy.Sha256Async(file, cancellationToken);
        if (found == sha256)
            Whole++;
        else
            _differences.Add($"{file} hashes to {found}");
    }
}
