using System.Diagnostics;
using System.Net.Sockets;
using Etr.Grains.Hosting;
using Etr.Grains.Runs;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Store;
using Orleans.Configuration;
using StackExchange.Redis;

namespace Etr.Silo.Hosting;

/// <summary>A client of a cluster: what <c>etr run</c> and <c>etr drain</c> speak through.</summary>
internal sealed class ClusterDoor : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    // A silo that is frozen takes a question and never answers; once the others have declared it dead, another is asked.
    private static readonly TimeSpan OneTry = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan GatewayRefresh = TimeSpan.FromSeconds(2);
    private readonly IHost _host;

    private ClusterDoor(IHost host) => _host = host;

    /// <summary>Where grains are called.</summary>
    public IClusterClient Grains => _host.Services.GetRequiredService<IClusterClient>();

    /// <summary>The store that the settings name, or that a silo on this machine keeps in the data directory.</summary>
    /// <exception cref="CommandFailure">They name none and there is none.</exception>
    public static StoreAddress Find(HostSettings host)
    {
        ClusterSettings cluster = host.Cluster;
        string endpoint = cluster.Join.Length > 0 ? cluster.Join : cluster.Redis;
        if (endpoint.Length > 0)
            return new StoreAddress(endpoint, cluster.Secret, cluster.Tls);
        int port = ClusterPorts.Kept(Path.Combine(Path.GetFullPath(host.Data), "store"))?.Store ?? 0;
        return port > 0
            ? new StoreAddress($"127.0.0.1:{port}", cluster.Secret)
            : throw new CommandFailure($"no silo has run in {Path.GetFullPath(host.Data)}: name the cluster with --join HOST:PORT, as 'etr silo' and 'etr train' print it");
    }

    /// <summary>Connects.</summary>
    /// <exception cref="CommandFailure">The store does not answer, holds no such cluster, or none of its silos can be reached.</exception>
    public static async Task<ClusterDoor> OpenAsync(HostSettings host, CancellationToken cancellationToken)
    {
        StoreAddress address = Find(host);
        string clusterId = host.Cluster.ClusterId;
        await using (ConnectionMultiplexer store = await StoreConnection.OpenAsync(address, cancellationToken))
            await ClusterIdentity.EnterAsync(store.GetDatabase(), address, clusterId, mustExist: true);

        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await ConnectAsync(address, host.Cluster, cancellationToken);
            }
            catch (Exception e) when (e is TimeoutException or OrleansException or SocketException)
            {
                if (Stopwatch.GetElapsedTime(start) + OneTry > Patience || e is not TimeoutException)
                    throw new CommandFailure($"the cluster '{clusterId}' at {address} has no silo that answers: start one with 'etr silo --join {address}'", ExitCodes.Failed, e);
            }
        }
    }

    /// <summary>Asks something that may be asked twice, again where an answer is long in coming: it may have been lost with a silo.</summary>
    /// <exception cref="CommandFailure">There has been no answer for 20 s.</exception>
    public static async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                return await ask().WaitAsync(OneTry, cancellationToken);
            }
            catch (Exception e) when (e is TimeoutException or OrleansException)
            {
                if (Stopwatch.GetElapsedTime(start) > Patience)
                    throw new CommandFailure($"the cluster does not answer ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}): a silo or the store may be away; try again, or look with 'etr run status'", ExitCodes.Failed, e);
            }
        }
    }

    private static async Task<ClusterDoor> ConnectAsync(StoreAddress address, ClusterSettings settings, CancellationToken cancellationToken)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = settings.ClusterId);
            client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = GatewayRefresh);
            client.UseRedisClustering(redis => redis.ConfigurationOptions = StoreConnection.Options(address));
            OrleansExtras.AddTo(client, settings);
        });
        builder.Services.AddEtrExceptions();
        IHost built = builder.Build();
        try
        {
            await built.StartAsync(cancellationToken).WaitAsync(OneTry, cancellationToken);
            return new ClusterDoor(built);
        }
        catch
        {
            built.Dispose();
            throw;
        }
    }

    /// <summary>A run of the cluster.</summary>
    /// <exception cref="CommandFailure">There is none of the name.</exception>
    public async Task<IRunGrain> RunAsync(string name)
    {
        IReadOnlyList<RunEntry> known = await Grains.GetGrain<IRunDirectoryGrain>(0).ListAsync();
        return known.Any(entry => entry.Run == name)
            ? Grains.GetGrain<IRunGrain>(name)
            : throw new CommandFailure($"the cluster has no run '{name}': {(known.Count == 0 ? "it has none" : $"there are {string.Join(", ", known.Take(5).Select(entry => entry.Run))}")}");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _host.Dispose();
    }
}
