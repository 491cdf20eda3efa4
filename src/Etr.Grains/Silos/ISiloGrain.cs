using Etr.Grains.Feed;
using Orleans.Concurrency;

namespace Etr.Grains.Silos;

/// <summary>One silo, spoken to by name; its key is <see cref="KeyOf"/> and it lives on the silo that the key names.</summary>
public interface ISiloGrain : IGrainWithStringKey
{
    /// <summary>Asks the silo to drain and leave: its process ends in good order. Returns once it has been told. Idempotent.</summary>
    Task DrainAsync(string reason);

    /// <summary>
    /// Pushes what happens on the silo to a dashboard elsewhere, from now until 30 s after the last renewal. Called again it renews, and changes
    /// nothing else.
    /// </summary>
    /// <param name="hub">The dashboard's process.</param>
    /// <param name="observer">Who takes the pages there.</param>
    /// <param name="epoch">The life of the silo that the dashboard has heard of; empty where of none.</param>
    /// <param name="from">Number of the event that it wants next, of that life.</param>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    Task<FeedSubscribed> SubscribeFeedAsync(Guid hub, IFeedObserver observer, Guid epoch, long from);

    /// <summary>Pushes no more to a dashboard. Idempotent.</summary>
    /// <param name="hub">The dashboard's process.</param>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    Task UnsubscribeFeedAsync(Guid hub);

    /// <summary>The key of a silo.</summary>
    static string KeyOf(string silo) => $"{silo}/silo";
}
