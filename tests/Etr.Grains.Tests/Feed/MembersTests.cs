using System.Net;
using Etr.Grains.Silos;
using Microsoft.Extensions.DependencyInjection;

namespace Etr.Grains.Tests.Feed;

/// <summary>What membership remembers of silos that are over.</summary>
public sealed class MembersTests
{
    [Fact]
    public async Task Who_stopped_has_left_and_who_is_there_goes_on()
    {
        await using FeedCluster cluster = await FeedCluster.StartAsync(2);
        (string stays, string stops) = (cluster.NameOf(0), cluster.NameOf(1));
        DateTimeOffset before = DateTimeOffset.UtcNow;

        await cluster.StopAsync(stops);
        IReadOnlyList<MemberLife> members = await cluster.Client.GetGrain<IClusterGrain>(0).GetMembersAsync().WaitAsync(cluster.Deadline);

        Assert.Equal(2, members.Count);
        Assert.Equal((MemberEnd.None, null), (members.Single(life => life.Name == stays).End, members.Single(life => life.Name == stays).EndedAt));
        MemberLife over = members.Single(life => life.Name == stops);
        Assert.Equal(MemberEnd.Left, over.End);
        Assert.InRange(over.StartedAt, before.AddMinutes(-2), before);
        Assert.InRange(over.EndedAt!.Value, before.AddSeconds(-1), DateTimeOffset.UtcNow.AddSeconds(1));
    }

    [Fact]
    public async Task Each_life_of_a_silo_is_told_the_newest_hundred_at_most_by_their_start()
    {
        await using FeedCluster cluster = await FeedCluster.StartAsync(1);
        IMembershipTable table = cluster.ServicesOf(cluster.NameOf(0)).GetRequiredService<IMembershipTable>();
        DateTime start = DateTime.UtcNow.AddDays(-2);
        for (int i = 0; i < 120; i++)
            Assert.True(await table.InsertRowAsync(Entry(i + 1, SiloStatus.Dead, start.AddMinutes(i)), (await table.ReadAllAsync(cluster.Deadline)).Version.Next(), cluster.Deadline));

        IReadOnlyList<MemberLife> members = await cluster.Client.GetGrain<IClusterGrain>(0).GetMembersAsync().WaitAsync(cluster.Deadline);

        Assert.Equal(100, members.Count);
        Assert.Equal(cluster.NameOf(0), members[^1].Name);
        Assert.Equal(members.OrderBy(life => life.StartedAt), members);
        Assert.Equal(start.AddMinutes(21), members[0].StartedAt.UtcDateTime, TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData(SiloStatus.Dead, "", MemberEnd.Unclear)]
    [InlineData(SiloStatus.Dead, "other", MemberEnd.Lost)]
    [InlineData(SiloStatus.Dead, "other self", MemberEnd.Left)]
    [InlineData(SiloStatus.Active, "other", MemberEnd.None)]
    public void Who_wrote_its_own_end_has_left_and_whose_end_others_wrote_was_lost(SiloStatus status, string votes, MemberEnd expected)
    {
        MembershipEntry entry = Entry(1, status, DateTime.UtcNow);
        entry.SuspectTimes = [.. votes.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select((voter, i) => Tuple.Create(AddressOf(voter == "self" ? 1 : 2), entry.StartTime.AddMinutes(i)))];

        MemberLife life = MemberLife.Of(entry);

        Assert.Equal((expected, expected != MemberEnd.None), (life.End, life.EndedAt is not null));
    }

    private static SiloAddress AddressOf(int generation) => SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), generation);

    private static MembershipEntry Entry(int generation, SiloStatus status, DateTime start) => new()
    {
        SiloAddress = AddressOf(generation),
        SiloName = "a",
        HostName = "host",
        RoleName = "",
        Status = status,
        StartTime = start,
        IAmAliveTime = start.AddSeconds(30),
    };
}
