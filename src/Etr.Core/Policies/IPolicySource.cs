namespace Etr.Core.Policies;

/// <summary>Where a policy version can be had: a shared directory, or a silo that answers range requests.</summary>
public interface IPolicySource
{
    /// <summary>The version's manifest. Nothing in it is trusted before it is checked.</summary>
    Task<PolicyManifest> ManifestAsync(CancellationToken cancellationToken);

    /// <summary>Writes exactly <paramref name="count"/> bytes of a file to a stream, in order, as they come.</summary>
    /// <param name="file">A name that the manifest lists.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="count">Number of bytes, 1 to <see cref="PolicyFetcher.LargestRequest"/>.</param>
    /// <param name="into">Takes the bytes; it refuses more than were asked for.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="IOException">The bytes cannot be had. What came before is kept.</exception>
    Task ReadAsync(string file, long offset, long count, Stream into, CancellationToken cancellationToken);
}
