using Etr.Grains.Silos;

namespace Etr.Grains.Feed;

/// <summary>Whose feeds a hub brings together.</summary>
internal interface IFeedSilos
{
    /// <summary>The silos that are active, this process's own left out.</summary>
    ValueTask<IReadOnlyList<FeedSilo>> OthersAsync(CancellationToken cancellationToken);
}

/// <summary>A silo with a feed.</summary>
/// <param name="Name">Its name, the same after a restart.</param>
/// <param name="Address">Its address, new with each start.</param>
internal readonly record struct FeedSilo(string Name, string Address);

/// <summary>The neighbours of a silo, as membership has them.</summary>
internal sealed class NeighbourSilos(SiloDirectory silos, ILocalSiloDetails self) : IFeedSilos
{
    public ValueTask<IReadOnlyList<FeedSilo>> OthersAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<FeedSilo>>(
        [.. silos.Active.Where(silo => silo.Name != self.Name).Select(silo => new FeedSilo(silo.Name, silo.Address.ToString()))]);
}

/// <summary>The silos of a cluster that this process is a client of: asked for now and then.</summary>
internal sealed class ClusterSilos(IGrainFactory grains, TimeProvider time) : IFeedSilos
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private IReadOnlyList<FeedSilo> _known = [];
    private long? _asked;

    public async ValueTask<IReadOnlyList<FeedSilo>> OthersAsync(CancellationToken cancellationToken)
    {
        if (_asked is { } asked && time.GetElapsedTime(asked) < Fresh)
            return _known;
        _asked = time.GetTimestamp();
        try
        {
            IReadOnlyList<SiloStatusLine> silos = await grains.GetGrain<IClusterGrain>(0).GetSilosAsync().WaitAsync(Patience, time, cancellationToken);
            return _known = [.. silos.Where(silo => silo.State == "active").Select(silo => new FeedSilo(silo.Name, silo.Address))];
        }
        catch (Exception exception) when (exception is TimeoutException or OrleansException)
        {
            // Those known last are asked on: a cluster that is away says so on every page.
            return _known;
        }
    }
}
