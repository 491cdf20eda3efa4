namespace Etr.Grains.Feed;

/// <summary>A stretch of a silo's own feed, numbered from 0 in each life of the silo; what it relays of others is not in it.</summary>
/// <param name="Epoch">Which life of the silo it is of.</param>
/// <param name="From">Number of the first event that was asked for and not forgotten.</param>
/// <param name="Next">Number of the event after the last one here.</param>
/// <param name="Missed">Events before <paramref name="From"/> that had been forgotten before they were asked for.</param>
/// <param name="Events">The events, at most <see cref="MostEvents"/>.</param>
[GenerateSerializer, Immutable, Alias("etr.feed-page")]
public sealed record FeedPage(
    [property: Id(0)] Guid Epoch,
    [property: Id(4)] long From,
    [property: Id(1)] long Next,
    [property: Id(2)] long Missed,
    [property: Id(3)] RolloutEvent[] Events)
{
    /// <summary>Most events of a page.</summary>
    public const int MostEvents = 2048;

    /// <summary>About the most bytes of a page; one event is always in it.</summary>
    public const int MostBytes = 512 << 10;

    // Numbers and tags of an event, and three bytes of UTF-8 for a character of UTF-16 at most.
    private const int FixedBytes = 80;
    private const int BytesPerCharacter = 3;

    /// <summary>Most bytes of an event in a page.</summary>
    internal static int SizeOf(RolloutEvent happened) => FixedBytes + BytesPerCharacter * (happened.Run.Length + happened.Text.Length);
}
