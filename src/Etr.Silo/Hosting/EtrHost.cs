using Etr.Core.Rollouts;
using Etr.Grains;
using Etr.Silo.Configuration;
using Etr.Silo.Health;
using Etr.Silo.Store;
using Etr.Silo.Telemetry;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Hosting.Server.Features;
using StackExchange.Redis;

namespace Etr.Silo.Hosting;

/// <summary>One process of a cluster: store (where it hosts one), silo and web endpoints, started and stopped in that order.</summary>
internal sealed class EtrHost : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(20);
    private readonly FileStream? _lock;
    private readonly EmbeddedStore? _store;
    private readonly WebApplication _app;

    private EtrHost(FileStream? held, EmbeddedStore? store, WebApplication app) => (_lock, _store, _app) = (held, store, app);

    /// <summary>Services of the running host.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Where grains are called.</summary>
    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    /// <summary>Address of the web endpoints.</summary>
    public string Url => _app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>Starts everything; what was started is stopped again where a later part fails.</summary>
    /// <param name="settings">Where and how.</param>
    /// <param name="data">The data directory.</param>
    /// <param name="parts">Adds what this process offers beyond a bare silo.</param>
    /// <param name="verbose">Whether log lines below warnings are written.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="Cli.CommandFailure">A port is taken, the store can't be opened, or the directory is in use.</exception>
    public static async Task<EtrHost> StartAsync(
        EtrSettings settings, DataDirectory data, HostParts parts, bool verbose, CancellationToken cancellationToken)
    {
        var web = WebAddress.Of(settings.Host.Dashboard, settings.Named.Contains("Etr:Dashboard:Port"));
        FileStream held = data.Hold();
        EmbeddedStore? store = null;
        WebApplication? app = null;
        try
        {
            var ports = await ClusterPorts.TakeAsync(data, settings.Host.Cluster, cancellationToken);
            string address = settings.Host.Cluster.Redis;
            if (address.Length == 0)
            {
                store = EmbeddedStore.Start(data, ports.Store);
                address = $"127.0.0.1:{ports.Store}";
            }
            else
            {
                await (await StoreConnection.OpenAsync(address, cancellationToken)).DisposeAsync();
            }

            app = Build(settings, web, ports, address, parts, verbose);
            await app.StartAsync(cancellationToken);
            return new EtrHost(held, store, app);
        }
        catch
        {
            if (app is not null)
                await app.DisposeAsync();
            store?.Dispose();
            await held.DisposeAsync();
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
        if (_lock is not null)
            await _lock.DisposeAsync();
    }

    private static WebApplication Build(EtrSettings settings, WebAddress web, ClusterPorts ports, string store, HostParts parts, bool verbose)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(web.Address, web.Port);
        });
        builder.Services.AddRoutingCore();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true);
        builder.Logging.SetMinimumLevel(verbose ? LogLevel.Information : LogLevel.Warning);
        if (!verbose)
        {
            // What matters of these is told in the program's own words.
            builder.Logging.AddFilter("Orleans", LogLevel.Critical).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        }

        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        // The host's own commands decide when it ends, and say so; it shall not act on signals by itself.
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = StopPatience);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<EngineClock>();
        builder.Services.AddSingleton<IConnectionMultiplexer>(_ => ConnectionMultiplexer.Connect(StoreConnection.Options(store)));
        builder.Services.AddEtrHealth().AddEtrMetrics();
        if (System.Net.IPAddress.IsLoopback(web.Address))
        {
            // A page elsewhere must not reach a loopback service through a name of its own.
            builder.Services.Configure<HostFilteringOptions>(o => o.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
            builder.Services.AddHostFiltering(_ => { });
        }

        builder.Host.UseOrleans(silo =>
        {
            SiloSetup.Configure(silo, settings.Host.Cluster, ports, store, EtrStorage.Name);
            parts.Silo(silo);
        });
        parts.Services(builder.Services);
        var app = builder.Build();
        if (System.Net.IPAddress.IsLoopback(web.Address))
            app.UseHostFiltering();
        if (settings.Host.Dashboard.Secret.Length > 0)
            app.UseMiddleware<SecretGate>(settings.Host.Dashboard.Secret);
        app.MapEtrHealth();
        app.MapPrometheusScrapingEndpoint();
        parts.Web(app);
        return app;
    }
}
