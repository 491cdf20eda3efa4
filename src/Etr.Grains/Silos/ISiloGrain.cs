using Etr.Grains.Feed;
using Orleans.Concurrency;

namespace Etr.Grains.Silos;

/// <summary>One silo, spoken to by name; its key is <see cref="KeyOf"/> and it lives on the silo that the key names.</summary>
public interface ISiloGrain : IGrainWithStringKey
{
    /// <summary>Asks the silo to drain and leave: its process ends in good order. Returns once it has been told. Idempotent.</summary>
    Task DrainAsync(string reason);

    /// <summary>Events of the silo's feed from a sequence number on, for a dashboard elsewhere.</summary>
    /// <param name="epoch">The feed's epoch as last answered; another one (the silo was restarted) begins at its newest events.</param>
    /// <param name="from">The sequence number to read from.</param>
    [AlwaysInterleave]
    [ResponseTimeout("00:00:05")]
    Task<FeedPage> ReadFeedAsync(Guid epoch, long from);

    /// <summary>The key of a silo.</summary>
    static string KeyOf(string silo) => $"{silo}/silo";
}

/// <summary>A stretch of a silo's feed.</summary>
/// <param name="Epoch">Which life of the silo it is of.</param>
/// <param name="Next">Sequence number to ask from next.</param>
/// <param name="Missed">Events that had been forgotten before they were asked for.</param>
/// <param name="Events">The events, at most <see cref="MostEvents"/>.</param>
[GenerateSerializer, Immutable, Alias("etr.feed-page")]
public sealed record FeedPage([property: Id(0)] Guid Epoch, [property: Id(1)] long Next, [property: Id(2)] long Missed, [property: Id(3)] RolloutEvent[] Events)
{
    /// <summary>Most events of a page.</summary>
    public const int MostEvents = 2048;
}
