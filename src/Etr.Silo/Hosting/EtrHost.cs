using Etr.Grains.Silos;
using Etr.Silo.Configuration;
using Etr.Silo.Store;

namespace Etr.Silo.Hosting;

/// <summary>One process of a cluster: store (where it hosts one), silo and web endpoints, started and stopped in that order.</summary>
internal sealed class EtrHost : IAsyncDisposable
{
    /// <summary>How long stopping may take before the process ends all the same.</summary>
    public static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);

    private readonly SiloHome _home;
    private readonly EmbeddedStore? _store;
    private readonly WebApplication _app;

    private EtrHost(SiloHome home, EmbeddedStore? store, WebApplication app, SiloPlan plan) =>
        (_home, _store, _app, Plan) = (home, store, app, plan);

    /// <summary>Services of the running host.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Where grains are called.</summary>
    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    /// <summary>What was started.</summary>
    public SiloPlan Plan { get; }

    /// <summary>Address of the web endpoints, for people on this machine.</summary>
    public string Url => Plan.Web.UrlFor(Plan.Web.Addresses[0]);

    /// <summary>What another silo is started with to join this one's cluster: <c>HOST:PORT</c> of the store.</summary>
    public string Join => Plan.Join;

    /// <summary>The line that says that the silo is a member, for people and scripts.</summary>
    public string ReadyLine =>
        $"READY silo={Plan.Name} roles={SiloRolesText.Format(Plan.Card.Roles)} join={Join} dashboard={(Plan.Card.Roles.HasFlag(SiloRoles.Dashboard) ? Url : "none")}";

    /// <summary>Starts everything; what was started is stopped again where a later part fails.</summary>
    /// <param name="settings">Where and how.</param>
    /// <param name="data">The data directory.</param>
    /// <param name="parts">Makes what this process offers beyond a bare silo, once its place is known.</param>
    /// <param name="verbose">Whether log lines below warnings are written.</param>
    /// <param name="portMatters">Whether someone types the port of the pages; where nobody does, a free one will do.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="Cli.CommandFailure">A port is taken, the store can't be opened or entered, or the directory is in use.</exception>
    public static async Task<EtrHost> StartAsync(
        EtrSettings settings, DataDirectory data, Func<SiloPlan, HostParts> parts, bool verbose, bool portMatters, CancellationToken cancellationToken)
    {
        var place = SiloPlace.Of(settings.Host.Cluster);
        var web = WebAddress.Of(settings.Host.Dashboard, place.Advertise, portMatters);
        SiloHome home = SiloHome.Hold(data, hostsStore: place.Store is null);
        EmbeddedStore? store = null;
        WebApplication? app = null;
        try
        {
            ClusterSettings cluster = settings.Host.Cluster;
            ClusterPorts ports = await ClusterPorts.TakeAsync(home.Root, cluster, web.Port, cancellationToken);
            bool open = !System.Net.IPAddress.IsLoopback(place.Advertise);
            StoreAddress address = place.Store ?? new StoreAddress($"127.0.0.1:{ports.Store}", cluster.Secret);
            if (place.Store is null)
                store = EmbeddedStore.Start(data, ports.Store, open ? place.Advertise.ToString() : null, cluster.Secret);
            await using (var connection = await StoreConnection.OpenAsync(address, cancellationToken))
                await ClusterIdentity.EnterAsync(connection.GetDatabase(), address, cluster.ClusterId, mustExist: cluster.Join.Length > 0);

            SiloPlan plan = SiloPlan.Of(settings, place, web with { Port = ports.Web }, ports, address, home);
            app = WebSetup.Build(plan, parts(plan), verbose);
            await app.StartAsync(cancellationToken);
            return new EtrHost(home, store, app, plan);
        }
        catch
        {
            if (app is not null)
                await app.DisposeAsync();
            store?.Dispose();
            await home.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(StopPatience);
        try
        {
            await _app.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // What counts is on disk; a part that does not stop in time must not keep the process.
        }

        await _app.DisposeAsync();
        _store?.Dispose();
        await _home.DisposeAsync();
    }
}
