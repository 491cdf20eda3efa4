using Etr.Core.Files;
using Etr.Core.Gaps;
using Etr.Core.Groups;

namespace Etr.Grains.Files;

/// <summary>Files of runs whose directories every silo sees.</summary>
/// <param name="writer">Writes bodies.</param>
public sealed class SharedRunFiles(DurableWriter writer) : IRunFiles
{
    /// <inheritdoc/>
    public Task WriteGroupAsync(RunPlace run, string sha256, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return writer.WriteAsync(run.GroupFile(sha256), content, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<byte[]> ReadGroupAsync(RunPlace run, string sha256, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return DurableFile.ReadVerifiedAsync(run.GroupFile(sha256), sha256, GroupBodyCodec.MaximumBytes, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<byte[]> ReadGapsAsync(RunPlace run, string sha256, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return DurableFile.ReadVerifiedAsync(run.GapsFile(sha256), sha256, StepGapsCodec.MaximumBytes, cancellationToken);
    }

    /// <inheritdoc/>
    public void ForgetGroup(RunPlace run, string sha256)
    {
        // The run's directory is the only place it was kept in.
    }

    /// <inheritdoc/>
    public Task<string> OpenPolicyAsync(RunPlace run, long version, string sha256, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Task.FromResult(run.PolicyFolder(version));
    }

    /// <inheritdoc/>
    public Task<string> OpenDataAsync(RunPlace run, string path, CancellationToken cancellationToken) => Task.FromResult(path);

    /// <inheritdoc/>
    public Task RefusePolicyAsync(string sha256) => Task.CompletedTask;
}
