using Etr.Core.Rollouts;
using Etr.Silo.Configuration;
using Etr.Silo.Tests.Endpoint;

namespace Etr.Silo.Tests.RemoteSamplers;

/// <summary>Each policy version's adapters are what a server draws it with.</summary>
public sealed class ServerAdaptersTests : IAsyncDisposable
{
    private readonly ShippedPolicy _shipped = new();

    private int End => _shipped.Config.EndTokens[0];

    public ValueTask DisposeAsync() => _shipped.DisposeAsync();

    [Theory]
    [InlineData("vllm", "v1/load_lora_adapter", "v1/unload_lora_adapter", "etr-1111111111111111")]
    [InlineData("sglang", "load_lora_adapter", "unload_lora_adapter", "base:etr-1111111111111111")]
    public async Task A_version_is_loaded_once_under_a_name_made_of_its_hash_and_unloaded_when_newer_ones_are_there(string kind, string load, string unload, string model)
    {
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Draw([End]));
        await using RemoteHarness remote = Harness(server, kind);

        await remote.DrawnAsync(policy: _shipped.Policy with { Version = 0 });
        await remote.DrawnAsync(policy: Version(1));
        await remote.DrawnAsync(policy: Version(1));
        await remote.DrawnAsync(policy: Version(2));
        await remote.DrawnAsync(policy: Version(3));

        string[] adapters = [.. server.Posted.Where(post => post.Path.EndsWith("adapter", StringComparison.Ordinal)).Select(post => $"{post.Path} {post.Body.GetProperty("lora_name").GetString()}")];
        Assert.Equal([$"{load} etr-1111111111111111", $"{load} etr-2222222222222222", $"{load} etr-3333333333333333", $"{unload} etr-1111111111111111"], adapters);
        Assert.Equal("/run/policy/1", server.Posted.First(post => post.Path == load).Body.GetProperty("lora_path").GetString());
        string?[] models = [.. server.Posted.Where(post => post.Path == "v1/completions").Select(post => post.Body.GetProperty("model").GetString())];
        Assert.Equal(["base", model, model, model.Replace('1', '2'), model.Replace('1', '3')], models);
    }

    [Fact]
    public async Task A_server_that_was_started_again_is_given_its_adapters_anew()
    {
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Draw([End]), FakeServer.Status(404), FakeServer.Draw([End]));
        await using RemoteHarness remote = Harness(server, "vllm");

        await remote.DrawnAsync(policy: Version(1));
        TraceRecorder lost = await remote.DrawnAsync(policy: Version(1));
        TraceRecorder drawn = await remote.DrawnAsync(policy: Version(1));

        Assert.Equal(TraceEnd.Cancelled, lost.Endings[0]);
        Assert.Equal(TraceEnd.Finished, drawn.Endings[0]);
        Assert.Equal(2, server.Posted.Count(post => post.Path == "v1/load_lora_adapter"));
    }

    [Fact]
    public async Task Whole_weights_cannot_be_given_to_a_server()
    {
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Draw([End]));
        await using RemoteHarness remote = Harness(server, "vllm");

        TraceRecorder drawn = await remote.DrawnAsync();

        Assert.Equal(TraceEnd.Cancelled, drawn.Endings[0]);
        Assert.Contains("cannot be given the whole weights of version 3", remote.Link.Health.State, StringComparison.Ordinal);
        Assert.Equal(0, server.Calls);
    }

    [Fact]
    public async Task Different_groups_are_drawn_with_different_seeds_and_the_same_one_with_the_same()
    {
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Draw([End]));
        await using RemoteHarness remote = Harness(server, "vllm");

        await remote.DrawnAsync(given: [new RolloutSlot(0, [])], policy: Version(1));
        await remote.DrawnAsync(given: [new RolloutSlot(1, [])], policy: Version(1));
        await remote.DrawnAsync(given: [new RolloutSlot(0, [])], policy: Version(1));

        long[] seeds = [.. server.Posted.Where(post => post.Path == "v1/completions").Select(post => post.Body.GetProperty("seed").GetInt64())];
        Assert.NotEqual(seeds[0], seeds[1]);
        Assert.Equal(seeds[0], seeds[2]);
        Assert.All(seeds, seed => Assert.True(seed >= 0));
    }

    private static PolicyRef Version(int version) => new(version, $"/run/policy/{version}/adapter_model.safetensors", new string((char)('0' + version), 64));

    private RemoteHarness Harness(FakeServer server, string kind) => new(new RemoteServerSettings { Url = server.Url, Kind = kind, Model = "base", Retries = 0, Adapters = 2 }, _shipped);
}
