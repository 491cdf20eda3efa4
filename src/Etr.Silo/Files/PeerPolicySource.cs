using System.Net.Http.Headers;
using Etr.Core.Policies;

namespace Etr.Silo.Files;

/// <summary>A policy version as other silos hand it out.</summary>
internal sealed class PeerPolicySource(PeerClient peers, string run, long version) : IPolicySource
{
    private const int LargestManifest = 64 << 20;

    /// <inheritdoc/>
    public Task<PolicyManifest> ManifestAsync(CancellationToken cancellationToken) => peers.AskAsync(
        FileEndpoints.PolicyPath(run, version, PolicyManifest.FileName),
        range: null,
        async (content, cancellation) =>
        {
            if (content.Headers.ContentLength is not (> 0 and <= LargestManifest))
                throw new InvalidDataException($"The manifest of version {version} has {content.Headers.ContentLength?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "no"} bytes; at most {LargestManifest} are read.");
            return PolicyManifestJson.Read(await content.ReadAsByteArrayAsync(cancellation));
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task ReadAsync(string file, long offset, long count, Stream into, CancellationToken cancellationToken) => peers.AskAsync(
        FileEndpoints.PolicyPath(run, version, file),
        new RangeHeaderValue(offset, offset + count - 1),
        async (content, cancellation) =>
        {
            await content.CopyToAsync(into, cancellation);
            return true;
        },
        cancellationToken);
}
