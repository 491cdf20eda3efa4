namespace Etr.Grains.Feed;

/// <summary>A process that watches the feeds of silos: its <see cref="FeedHub"/>.</summary>
public interface IFeedObserver : IGrainObserver
{
    /// <summary>The answer of a process that does not know the silo: it is to be left out.</summary>
    const long LeaveOut = -1;

    /// <summary>
    /// Takes a page of a silo's feed. Awaited, so that a silo never has more than one page under way: the next one is the answer's. Told again after a
    /// lost answer, it changes nothing.
    /// </summary>
    /// <param name="silo">The silo's name.</param>
    /// <param name="page">The page.</param>
    /// <returns>The number of the event that it wants next, or <see cref="LeaveOut"/>.</returns>
    [ResponseTimeout("00:00:05")]
    Task<long> TakeAsync(string silo, FeedPage page);
}

/// <summary>A silo's answer to a subscription or its renewal.</summary>
/// <param name="Accepted">False where the silo has as many subscribers as it takes.</param>
/// <param name="Renewed">Whether it was known; false where it is new or had been lost.</param>
/// <param name="Epoch">Which life of the silo it is.</param>
/// <param name="Next">Number of the event that is sent next.</param>
[GenerateSerializer, Immutable, Alias("etr.feed-subscribed")]
public sealed record FeedSubscribed(
    [property: Id(0)] bool Accepted,
    [property: Id(1)] bool Renewed,
    [property: Id(2)] Guid Epoch,
    [property: Id(3)] long Next);
