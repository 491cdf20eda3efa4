namespace Etr.Grains.Silos;

/// <summary>One life of a silo, as the membership table has it.</summary>
/// <param name="Name">The silo's name, the same in each life.</param>
/// <param name="Address">Its address, another in each life.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndedAt">When it ended, as near as the table says; null while it goes on.</param>
/// <param name="End">How it ended.</param>
[GenerateSerializer, Immutable, Alias("etr.member-life")]
public sealed record MemberLife(
    [property: Id(0)] string Name,
    [property: Id(1)] string Address,
    [property: Id(2)] DateTimeOffset StartedAt,
    [property: Id(3)] DateTimeOffset? EndedAt,
    [property: Id(4)] MemberEnd End)
{
    /// <summary>Reads a row of the table. Its moments are those of whoever wrote them: of the silo itself, and of those that suspected it.</summary>
    internal static MemberLife Of(MembershipEntry entry)
    {
        List<Tuple<SiloAddress, DateTime>> votes = entry.SuspectTimes ?? [];

        // A silo that ends by itself writes its own end, with a vote of its own; others vote against one that does not answer, and who comes up
        // at its address votes for its predecessor.
        (DateTimeOffset? endedAt, MemberEnd end) = entry.Status != SiloStatus.Dead ? ((DateTimeOffset?)null, MemberEnd.None)
            : votes.Find(vote => vote.Item1.Equals(entry.SiloAddress)) is { } own ? (Utc(own.Item2), MemberEnd.Left)
            : votes.Count > 0 ? (votes.Max(vote => Utc(vote.Item2)), MemberEnd.Lost)
            : (Utc(entry.IAmAliveTime), MemberEnd.Unclear);
        return new MemberLife(entry.SiloName ?? entry.SiloAddress.ToString(), entry.SiloAddress.ToString(), Utc(entry.StartTime), endedAt, end);
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}

/// <summary>How a silo's life ended.</summary>
public enum MemberEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>By itself: it wrote its end before it went.</summary>
    Left,

    /// <summary>Others called it dead.</summary>
    Lost,

    /// <summary>It is over; the table does not say how.</summary>
    Unclear,
}
