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
        DateTimeOffset alive = Utc(entry.IAmAliveTime);
        DateTimeOffset? suspected = entry.SuspectTimes is { Count: > 0 } votes ? votes.Max(vote => Utc(vote.Item2)) : null;

        // A silo that leaves writes its end itself; one that was called dead has the votes of others, later than its last word.
        (DateTimeOffset? endedAt, MemberEnd end) = (entry.Status, suspected) switch
        {
            (not SiloStatus.Dead, _) => ((DateTimeOffset?)null, MemberEnd.None),
            (_, null) => (alive, MemberEnd.Left),
            (_, { } votedAt) when votedAt > alive => (votedAt, MemberEnd.Lost),
            _ => (alive, MemberEnd.Unclear),
        };
        return new MemberLife(entry.SiloName ?? entry.SiloAddress.ToString(), entry.SiloAddress.ToString(), Utc(entry.StartTime), endedAt, end);
    }

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}

/// <summary>How a silo's life ended.</summary>
public enum MemberEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>In good order.</summary>
    Left,

    /// <summary>Others called it dead.</summary>
    Lost,

    /// <summary>It is over; the table does not say how.</summary>
    Unclear,
}
