using System.Diagnostics;
using Etr.Cluster.Tests.Clusters;
using StackExchange.Redis;

namespace Etr.Cluster.Tests;

/// <summary>Who does not belong is refused quickly, with the reason and the way out, by exit code 2.</summary>
public sealed class RefusalTests : IDisposable
{
    private const string OtherSecret = "some-other-secret-entirely";
    private static readonly TimeSpan Quickly = TimeSpan.FromSeconds(20);
    private readonly string _data = Directory.CreateTempSubdirectory("etr-refused-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Theory]
    [InlineData(StoreKind.Embedded)]
    [InlineData(StoreKind.Redis)]
    public async Task A_silo_that_does_not_belong_to_the_cluster_is_told_why(StoreKind store)
    {
        await using TestCluster cluster = await TestCluster.StartAsync(store, TestCluster.Secret);
        if (store == StoreKind.Redis)
            await cluster.AddAsync("none");

        await RefusedAsync(cluster.Join, TestCluster.Secret, $"there is no cluster 'other' at {cluster.Join}; there is 'etr': name it with --set Etr:Cluster:ClusterId=NAME", "Etr:Cluster:ClusterId=other");
        await RefusedAsync(cluster.Join, OtherSecret, $"the store at {cluster.Join} refuses the secret: set Etr:Cluster:Secret to the cluster's");
        await RefusedAsync(cluster.Join, "", $"the store at {cluster.Join} asks for a secret: set Etr:Cluster:Secret to the cluster's");

        await using (ConnectionMultiplexer connection = await ConnectionMultiplexer.ConnectAsync($"{cluster.Join},password={TestCluster.Secret}"))
            await connection.GetDatabase().HashSetAsync("etr/identity", [new("protocol", 999), new("version", "9.9.9")]);
        await RefusedAsync(cluster.Join, TestCluster.Secret, $"the cluster 'etr' at {cluster.Join} speaks protocol 999 (etr 9.9.9) and this program speaks");
    }

    [Theory]
    [InlineData("", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n", "")]
    [InlineData("", "")]
    public async Task An_endpoint_that_is_no_store_is_told_apart(string greeting, string answer)
    {
        await using var server = new StrangeServer(greeting, answer);

        await RefusedAsync(server.Endpoint, "", $"the store at {server.Endpoint} does not answer as one");
        await RefusedAsync(server.Endpoint, TestCluster.Secret, $"the store at {server.Endpoint} does not answer as one");
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_told_apart() =>
        await RefusedAsync("127.0.0.1:1", "", "the store at 127.0.0.1:1 does not answer as one");

    [Fact]
    public async Task A_redis_without_a_cluster_is_not_joined()
    {
        await using RedisServer redis = await RedisServer.StartAsync(Path.Combine(_data, "redis"), "");

        await RefusedAsync(redis.Endpoint, "", $"there is no etr cluster at {redis.Endpoint}");
        await RefusedAsync(redis.Endpoint, TestCluster.Secret, $"there is no etr cluster at {redis.Endpoint}");
    }

    private async Task RefusedAsync(string join, string secret, string reason, params string[] settings)
    {
        long start = Stopwatch.GetTimestamp();
        await using ChildProcess silo = EtrProcess.Start(
            ["silo", "--join", join, "--roles", "sampler", "--set", $"Etr:Data={_data}", .. settings.SelectMany(each => (string[])["--set", each])],
            secret.Length > 0 ? [new("Etr__Cluster__Secret", secret)] : []);
        int code = await silo.EndAsync();

        Assert.True(code == 2, silo.Transcript);
        Assert.Contains(reason, silo.Transcript, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", silo.Transcript, StringComparison.Ordinal);
        Assert.Empty(silo.Output);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, Quickly);
    }
}
