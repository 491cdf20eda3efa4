using Etr.Core.Files;
using Etr.Core.Gaps;
using Etr.Core.Groups;
using Etr.Core.Policies;
using Etr.Grains.Files;

namespace Etr.Silo.Files;

/// <summary>Files of runs on silos of which some do not see the runs' directories: those ask the ones that do.</summary>
internal sealed class ClusterRunFiles(LocalFiles local, PeerClient peers, PolicyFetcher policies, DurableWriter writer) : IRunFiles
{
    /// <inheritdoc/>
    public Task WriteGroupAsync(RunPlace run, string sha256, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        writer.WriteAsync(local.Sees(run) ? run.GroupFile(sha256) : local.KeptGroup(run.Run, sha256), content, cancellationToken);

    /// <inheritdoc/>
    public async Task<byte[]> ReadGroupAsync(RunPlace run, string sha256, CancellationToken cancellationToken)
    {
        bool sees = local.Sees(run);
        foreach (string path in (string[])[run.GroupFile(sha256), local.KeptGroup(run.Run, sha256)])
        {
            if (File.Exists(path) && (sees || path != run.GroupFile(sha256)))
                return await DurableFile.ReadVerifiedAsync(path, sha256, GroupBodyCodec.MaximumBytes, cancellationToken);
        }

        byte[] body = await peers.AskAsync(FileEndpoints.GroupPath(run.Run, sha256), range: null, (content, cancellation) => ReadWholeAsync(content, GroupBodyCodec.MaximumBytes, cancellation), cancellationToken);
        string found = DurableFile.Sha256(body);
        if (found != sha256)
            throw new InvalidDataException($"The body {sha256} of run '{run.Run}' came as {found}.");
        if (sees)
            await writer.WriteAsync(run.GroupFile(sha256), body, cancellationToken);
        return body;
    }

    /// <inheritdoc/>
    public async Task<byte[]> ReadGapsAsync(RunPlace run, string sha256, CancellationToken cancellationToken)
    {
        if (local.Sees(run) && File.Exists(run.GapsFile(sha256)))
            return await DurableFile.ReadVerifiedAsync(run.GapsFile(sha256), sha256, StepGapsCodec.MaximumBytes, cancellationToken);
        byte[] gaps = await peers.AskAsync(
            FileEndpoints.GapsPath(run.Run, sha256), range: null, (content, cancellation) => ReadWholeAsync(content, StepGapsCodec.MaximumBytes, cancellation), cancellationToken);
        string found = DurableFile.Sha256(gaps);
        return found == sha256 ? gaps : throw new InvalidDataException($"The gaps {sha256} of run '{run.Run}' came as {found}.");
    }

    /// <inheritdoc/>
    public void ForgetGroup(RunPlace run, string sha256)
    {
        try
        {
            File.Delete(local.KeptGroup(run.Run, sha256));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A leftover costs a few kilobytes and is swept when the silo starts again.
        }
    }

    /// <inheritdoc/>
    public async Task<string> OpenPolicyAsync(RunPlace run, long version, string sha256, CancellationToken cancellationToken)
    {
        if (local.Sees(run) && File.Exists(Path.Combine(run.PolicyFolder(version), PolicyManifest.FileName)))
            return run.PolicyFolder(version);
        FetchedPolicy fetched = await policies.FetchAsync(sha256, new PeerPolicySource(peers, run.Run, version), cancellationToken);
        policies.Collect([sha256]);
        return fetched.Folder;
    }

    /// <inheritdoc/>
    public async Task<string> OpenDataAsync(RunPlace run, string path, CancellationToken cancellationToken)
    {
        string name = Path.GetFileName(path);
        if (local.Sees(run) && File.Exists(path))
            return path;
        string kept = local.KeptData(name);
        if (File.Exists(kept))
            return kept;
        await peers.AskAsync(
            FileEndpoints.DataPath(run.Run, name),
            range: null,
            async (content, cancellation) =>
            {
                await using Stream stream = await content.ReadAsStreamAsync(cancellation);
                await DataFiles.KeepAsync(stream, kept, cancellation);
                return true;
            },
            cancellationToken);
        return kept;
    }

    /// <inheritdoc/>
    public Task RefusePolicyAsync(string sha256) => policies.RefuseAsync(sha256, CancellationToken.None);

    private static async Task<byte[]> ReadWholeAsync(HttpContent content, int maximumBytes, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength is not > 0 || content.Headers.ContentLength > maximumBytes)
            throw new IOException($"a body of {content.Headers.ContentLength?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "unknown"} bytes is not read");
        return await content.ReadAsByteArrayAsync(cancellationToken);
    }
}
