using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Store;
using StackExchange.Redis;

namespace Etr.Silo.Tests.Store;

public sealed class ClusterIdentityTests : IAsyncLifetime
{
    private readonly DataDirectory _data = DataDirectory.Open(Directory.CreateTempSubdirectory("etr-identity-").FullName);
    private EmbeddedStore? _store;
    private StoreAddress _address = new("");
    private ConnectionMultiplexer? _connection;

    private IDatabase Database => _connection!.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        ClusterPorts ports = await ClusterPorts.TakeAsync(_data.Store, new ClusterSettings(), 0, TestContext.Current.CancellationToken);
        _store = EmbeddedStore.Start(_data, ports.Store, secret: "0123456789abcdef");
        _address = new StoreAddress($"127.0.0.1:{ports.Store}", "0123456789abcdef");
        _connection = await StoreConnection.OpenAsync(_address, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection!.DisposeAsync();
        _store!.Dispose();
        Directory.Delete(_data.Root, recursive: true);
    }

    [Fact]
    public async Task A_founded_cluster_can_be_joined_and_another_name_is_told_what_there_is()
    {
        await ClusterIdentity.EnterAsync(Database, _address, "mine", mustExist: false);
        await ClusterIdentity.EnterAsync(Database, _address, "mine", mustExist: true);

        var e = await Assert.ThrowsAsync<CommandFailure>(() => ClusterIdentity.EnterAsync(Database, _address, "other", mustExist: true));
        Assert.Contains("there is 'mine'", e.Message, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.BadUsage, e.ExitCode);
    }

    [Fact]
    public async Task A_store_without_a_cluster_is_no_cluster()
    {
        var e = await Assert.ThrowsAsync<CommandFailure>(() => ClusterIdentity.EnterAsync(Database, _address, "mine", mustExist: true));
        Assert.Contains("no etr cluster", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silos_of_another_protocol_are_not_joined()
    {
        await ClusterIdentity.EnterAsync(Database, _address, "mine", mustExist: false);
        await Database.HashSetAsync("mine/identity", "protocol", ClusterIdentity.Protocol + 1);

        var e = await Assert.ThrowsAsync<CommandFailure>(() => ClusterIdentity.EnterAsync(Database, _address, "mine", mustExist: true));
        Assert.Contains("run the same version on every silo", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "asks for a secret")]
    [InlineData("fedcba9876543210", "refuses the secret")]
    public async Task Who_does_not_know_the_secret_is_told_so(string secret, string words)
    {
        var e = await Assert.ThrowsAsync<CommandFailure>(() => StoreConnection.OpenAsync(_address with { Secret = secret }, TestContext.Current.CancellationToken));
        Assert.Contains(words, e.Message, StringComparison.Ordinal);
    }
}
