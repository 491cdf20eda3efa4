namespace Etr.Grains.Diagnosis;

/// <summary>How much room the disk of a run has.</summary>
internal interface IFreeSpace
{
    /// <summary>Bytes that are free; null where the directory is not seen from this silo, or its disk does not answer.</summary>
    Task<long?> OfAsync(string directory);
}

/// <inheritdoc/>
internal sealed class DriveSpace(TimeProvider time) : IFreeSpace
{
    // A disk over the network may hang; that is told by what waits for it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public async Task<long?> OfAsync(string directory)
    {
        try
        {
            return await Task.Run(() => Directory.Exists(directory) ? new DriveInfo(directory).AvailableFreeSpace : (long?)null).WaitAsync(Patience, time);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or TimeoutException)
        {
            return null;
        }
    }
}
