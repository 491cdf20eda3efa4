using Etr.Grains.Silos;

namespace Etr.Grains.Feed;

/// <summary>Whose feeds a relay brings together.</summary>
internal interface IFeedSilos
{
    /// <summary>Names of the silos, this process's own left out.</summary>
    ValueTask<IReadOnlyList<string>> NamesAsync(CancellationToken cancellationToken);
}

/// <summary>The neighbours of a silo, as membership has them.</summary>
internal sealed class NeighbourSilos(SiloDirectory silos, ILocalSiloDetails self) : IFeedSilos
{
    public ValueTask<IReadOnlyList<string>> NamesAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>([.. silos.Active.Where(silo => silo.Name != self.Name).Select(silo => silo.Name)]);
}

/// <summary>The silos of a cluster that this process is a client of: asked for now and then.</summary>
internal sealed class ClusterSilos(IGrainFactory grains, TimeProvider time) : IFeedSilos
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private IReadOnlyList<string> _names = [];
    private long? _asked;

    public async ValueTask<IReadOnlyList<string>> NamesAsync(CancellationToken cancellationToken)
    {
        if (_asked is { } asked && time.GetElapsedTime(asked) < Fresh)
            return _names;
        _asked = time.GetTimestamp();
        try
        {
            IReadOnlyList<SiloStatusLine> silos = await grains.GetGrain<IClusterGrain>(0).GetSilosAsync().WaitAsync(Patience, time, cancellationToken);
            return _names = [.. silos.Where(silo => silo.State == "active").Select(silo => silo.Name)];
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansException)
        {
            // Those known last are asked on: a cluster that is away says so on every page.
            return _names;
        }
    }
}
