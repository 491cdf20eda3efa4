using System.Net;
using System.Net.Sockets;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Store;
using StackExchange.Redis;

namespace Etr.Silo.Tests.Store;

public sealed class StoreTests : IDisposable
{
    private readonly DataDirectory _data = DataDirectory.Open(Directory.CreateTempSubdirectory("etr-store-").FullName);

    public void Dispose() => Directory.Delete(_data.Root, recursive: true);

    [Fact]
    public async Task What_was_answered_is_there_when_the_store_is_opened_again()
    {
        ClusterPorts ports = await ClusterPorts.TakeAsync(_data.Store, new ClusterSettings(), 0, TestContext.Current.CancellationToken);
        using (EmbeddedStore.Start(_data, ports.Store))
            await WithAsync(ports.Store, db => db.HashSetAsync("grain", "data", "state"));

        using (EmbeddedStore.Start(_data, ports.Store))
            Assert.Equal("state", await WithAsync(ports.Store, db => db.HashGetAsync("grain", "data")));
    }

    [Fact]
    public async Task Ports_are_kept_and_differ()
    {
        ClusterPorts first = await ClusterPorts.TakeAsync(_data.Store, new ClusterSettings(), 0, TestContext.Current.CancellationToken);
        ClusterPorts second = await ClusterPorts.TakeAsync(_data.Store, new ClusterSettings(), 0, TestContext.Current.CancellationToken);

        Assert.Equal(first, second);
        Assert.Equal(first, ClusterPorts.Kept(_data.Store));
        Assert.Equal(3, new HashSet<int> { first.Silo, first.Gateway, first.Store }.Count);
    }

    [Fact]
    public async Task A_named_port_wins_over_a_kept_one()
    {
        await ClusterPorts.TakeAsync(_data.Store, new ClusterSettings(), 0, TestContext.Current.CancellationToken);

        ClusterPorts ports = await ClusterPorts.TakeAsync(_data.Store, new ClusterSettings { StorePort = 33_333 }, 0, TestContext.Current.CancellationToken);

        Assert.Equal(33_333, ports.Store);
    }

    [Fact]
    public async Task A_named_port_that_is_taken_is_refused_by_its_key()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var settings = new ClusterSettings { SiloPort = ((IPEndPoint)listener.LocalEndpoint).Port };

        var e = await Assert.ThrowsAsync<CommandFailure>(() => ClusterPorts.TakeAsync(_data.Store, settings, 0, TestContext.Current.CancellationToken));

        Assert.Contains("Etr:Cluster:SiloPort", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_disk_without_room_is_refused_with_the_way_out() =>
        Assert.Contains("make room", Assert.Throws<CommandFailure>(() => DataDirectory.Open(_data.Root, long.MaxValue)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_directory_is_held_by_one_at_a_time()
    {
        using (_data.Hold())
        {
            Assert.Null(_data.TryHold());
            Assert.Contains(_data.Root, Assert.Throws<CommandFailure>(_data.Hold).Message, StringComparison.Ordinal);
        }

        using FileStream? again = _data.TryHold();
        Assert.NotNull(again);
    }

    private static async Task<T> WithAsync<T>(int port, Func<IDatabase, Task<T>> use)
    {
        await using ConnectionMultiplexer connection = await ConnectionMultiplexer.ConnectAsync(StoreConnection.Options(new StoreAddress($"127.0.0.1:{port}")));
        return await use(connection.GetDatabase());
    }
}
