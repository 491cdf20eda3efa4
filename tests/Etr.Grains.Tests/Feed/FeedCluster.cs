using Etr.Grains.Feed;
using Etr.Grains.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Configuration;
using Orleans.TestingHost;

namespace Etr.Grains.Tests.Feed;

/// <summary>Silos in this process with a feed each; the first has the role of a dashboard where it is wanted.</summary>
internal sealed class FeedCluster : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(120));

    private FeedCluster(short silos, bool withDashboard)
    {
        var builder = new InProcessTestClusterBuilder(silos);
        builder.ConfigureSilo((specific, silo) =>
        {
            silo.AddMemoryGrainStorage(EtrStorage.Name);
            silo.AddEtrGrains();
            if (withDashboard && specific.SiloName == Names[0])
                silo.AddEtrFeedHub();
        });
        builder.ConfigureClient(client => client.Configure<GatewayOptions>(options => options.GatewayListRefreshPeriod = TimeSpan.FromMilliseconds(200)));
        _cluster = builder.Build();
    }

    private static string[] Names { get; } = ["Silo_0", "Silo_1", "Silo_2"];

    public IGrainFactory Client => _cluster.Client;

    public CancellationToken Deadline => _deadline.Token;

    public static async Task<FeedCluster> StartAsync(short silos, bool withDashboard = false)
    {
        var cluster = new FeedCluster(silos, withDashboard);
        await cluster._cluster.DeployAsync();
        return cluster;
    }

    public string NameOf(int silo) => _cluster.Silos[silo].Name;

    public RolloutFeed FeedOf(string silo) => ServicesOf(silo).GetRequiredService<RolloutFeed>();

    public IServiceProvider ServicesOf(string silo) => _cluster.Silos.Single(handle => handle.Name == silo).ServiceProvider;

    public FeedHub HubOf(string silo) => ServicesOf(silo).GetServices<IHostedService>().OfType<FeedHub>().Single();

    /// <summary>A hub as a program beside the cluster has it.</summary>
    public FeedHub ClientHub(RolloutFeed feed) => new(feed, new ClusterSilos(Client, TimeProvider.System), Client, TimeProvider.System, NullLogger<FeedHub>.Instance);

    public Task KillAsync(string silo) => _cluster.KillSiloAsync(_cluster.Silos.Single(handle => handle.Name == silo));

    public Task StopAsync(string silo) => _cluster.StopSiloAsync(_cluster.Silos.Single(handle => handle.Name == silo));

    public async Task<string> JoinAsync() => (await _cluster.StartAdditionalSiloAsync()).Name;

    /// <summary>The first event of a feed that fits, past or to come.</summary>
    public async Task<RolloutEvent> EventAsync(RolloutFeed feed, Func<RolloutEvent, bool> fits)
    {
        long next = 0;
        while (true)
        {
            var events = new List<RolloutEvent>();
            next = feed.Read(next, events, 1000, out _);
            if (events.Where(fits).Select(found => (RolloutEvent?)found).FirstOrDefault() is { } wanted)
                return wanted;
            if (events.Count == 0)
                await feed.WaitAsync(next, Deadline);
        }
    }

    public async Task UntilAsync(Func<Task<bool>> holds)
    {
        while (!await holds())
            Deadline.ThrowIfCancellationRequested();
    }

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        _deadline.Dispose();
    }
}
