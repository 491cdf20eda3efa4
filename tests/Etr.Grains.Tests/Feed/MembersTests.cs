using Etr.Grains.Silos;

namespace Etr.Grains.Tests.Feed;

/// <summary>What membership remembers of silos that are over.</summary>
public sealed class MembersTests
{
    [Fact]
    public async Task Who_was_killed_was_lost_who_stopped_has_left_and_who_is_there_goes_on()
    {
        await using FeedCluster cluster = await FeedCluster.StartAsync(3);
        (string stays, string stops, string dies) = (cluster.NameOf(0), cluster.NameOf(1), cluster.NameOf(2));

        await cluster.StopAsync(stops);
        await cluster.KillAsync(dies);
        IReadOnlyList<MemberLife> members = [];
        await cluster.UntilAsync(async () =>
        {
            members = await cluster.Client.GetGrain<IClusterGrain>(0).GetMembersAsync().WaitAsync(cluster.Deadline);
            return members.Single(life => life.Name == dies).EndedAt is not null;
        });

        Assert.Equal(3, members.Count);
        Assert.Equal((MemberEnd.None, null), (members.Single(life => life.Name == stays).End, members.Single(life => life.Name == stays).EndedAt));
        Assert.Equal((MemberEnd.Left, MemberEnd.Lost), (members.Single(life => life.Name == stops).End, members.Single(life => life.Name == dies).End));
        Assert.All(members.Where(life => life.EndedAt is not null), life => Assert.InRange(life.EndedAt!.Value, life.StartedAt, DateTimeOffset.UtcNow.AddMinutes(1)));
    }

    [Theory]
    [InlineData(SiloStatus.Dead, null, MemberEnd.Left)]
    [InlineData(SiloStatus.Dead, 5, MemberEnd.Lost)]
    [InlineData(SiloStatus.Dead, -5, MemberEnd.Unclear)]
    [InlineData(SiloStatus.Active, 5, MemberEnd.None)]
    public void Votes_after_a_silo_s_last_word_mean_that_it_was_lost(SiloStatus status, int? votedAfter, MemberEnd expected)
    {
        var alive = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        SiloAddress address = SiloAddress.New(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 1), 1);
        var entry = new MembershipEntry { SiloAddress = address, SiloName = "a", Status = status, StartTime = alive.AddHours(-1), IAmAliveTime = alive };
        if (votedAfter is { } seconds)
            entry.SuspectTimes = [Tuple.Create(address, alive.AddSeconds(seconds))];

        Assert.Equal(expected, MemberLife.Of(entry).End);
    }
}
