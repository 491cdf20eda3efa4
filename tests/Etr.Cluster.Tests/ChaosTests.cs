using System.Globalization;
using System.Text.Json;
using Etr.Cluster.Tests.Clusters;

namespace Etr.Cluster.Tests;

/// <summary>Faults at random, by the program's own command for them.</summary>
public sealed class ChaosTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("etr-chaos-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public Task A_cluster_gets_over_some_faults() => SurvivesAsync("--seed", "1", "--minutes", "0.5");

    [Fact(Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    public Task A_cluster_gets_over_many_faults() => SurvivesAsync("--seed", "2", "--minutes", "5");

    [Fact(Skip = SlowTests.Reason, SkipUnless = nameof(SlowTests.Wanted), SkipType = typeof(SlowTests))]
    public async Task A_cluster_on_a_redis_gets_over_many_faults()
    {
        await using RedisServer redis = await RedisServer.StartAsync(Path.Combine(_directory, "redis"), "");
        await SurvivesAsync("--seed", "3", "--minutes", "5", "--redis", redis.Endpoint);
    }

    private async Task SurvivesAsync(params string[] arguments)
    {
        string log = Path.Combine(_directory, "chaos.jsonl");
        await using ChildProcess chaos = EtrProcess.Start(["chaos", "--log", log, .. arguments]);
        int code = await chaos.EndAsync(TimeSpan.FromMinutes(10));

        Assert.True(code == 0, chaos.Transcript);
        Assert.Contains("0 audits with differences, 0 hangs: the ledger is closed", chaos.Transcript, StringComparison.Ordinal);
        JsonElement[] faults = [.. File.ReadLines(log).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.NotEmpty(faults);
        Assert.All(faults, fault =>
        {
            Assert.Contains(fault.GetProperty("fault").GetString(), (string[])["kill", "freeze", "drain", "add"]);
            Assert.Contains(fault.GetProperty("role").GetString(), (string[])["sampler", "learner", "store,learner"]);
            Assert.True(DateTimeOffset.Parse(fault.GetProperty("time").GetString()!, CultureInfo.InvariantCulture) <= DateTimeOffset.UtcNow);
            Assert.True(fault.GetProperty("pid").GetInt32() > 0);
            Assert.True(fault.GetProperty("step").GetInt32() >= 1);
            Assert.True(fault.GetProperty("recovered").GetDouble() < 60);
            Assert.True(fault.GetProperty("closed").GetBoolean());
            Assert.Equal("", fault.GetProperty("problem").GetString());
        });
    }
}
