using System.Globalization;
using Etr.Core.Rollouts;
using Etr.Dashboard.Access;
using Etr.Grains;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Health;
using Etr.Silo.Store;
using Etr.Silo.Telemetry;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.HostFiltering;
using StackExchange.Redis;

namespace Etr.Silo.Hosting;

/// <summary>Puts silo and web endpoints into one application.</summary>
internal static class WebSetup
{
    /// <summary>Builds it; nothing is started.</summary>
    public static WebApplication Build(SiloPlan plan, HostParts parts, bool verbose)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            foreach (System.Net.IPAddress address in plan.Web.Addresses)
            {
                kestrel.Listen(address, plan.Web.Port, listen =>
                {
                    if (plan.Web.Certificate is { } certificate)
                        listen.UseHttps(certificate);
                });
            }
        });
        if (plan.Web.Certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddRoutingCore();
        builder.Logging.AddEtrConsole(plan.Settings.Host.Logging, verbose);

        // The host's own commands decide when it ends, and say so; it shall not act on signals by itself.
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = EtrHost.StopPatience);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<EngineClock>();
        builder.Services.AddSingleton(plan);
        builder.Services.AddSingleton<IConnectionMultiplexer>(_ => ConnectionMultiplexer.Connect(StoreConnection.Options(plan.Store)));
        builder.AddEtrSignals(plan.Settings.Host.Telemetry, plan.Name, plan.Card.Version);
        builder.Services.AddDataProtection().SetApplicationName("etr").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(plan.Home.Root, "keys")));
        AccessOptions access = Access(plan.Settings.Host, plan.Web) with
        {
            AuditFile = Path.Combine(plan.Home.Root, "audit.jsonl"),
            // Kept over restarts, and no other silo of this machine has it.
            Id = plan.Ports.Silo.ToString(CultureInfo.InvariantCulture),
        };
        builder.Services.AddEtrHealth(plan.Card.Roles).AddEtrAccess(access);
        bool alone = plan.Web.IsLoopback && access.Proxies.Count == 0;
        if (alone)
        {
            // A page elsewhere must not reach a loopback service through a name of its own.
            builder.Services.Configure<HostFilteringOptions>(o => o.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
            builder.Services.AddHostFiltering(_ => { });
        }

        builder.Host.UseOrleans(silo =>
        {
            SiloSetup.Configure(silo, plan, EtrStorage.Name);
            parts.Silo(silo);
        });
        parts.Services(builder.Services);
        var app = builder.Build();
        if (alone)
            app.UseHostFiltering();
        app.UseEtrAccess();
        app.MapEtrHealth();
        app.MapPrometheusScrapingEndpoint();
        parts.Web(app);
        return app;
    }

    /// <summary>
    /// Who may come in: pages, metrics and readiness ask for the dashboard's keys; where there are none and others can reach them, for the
    /// cluster's secret. Through a proxy others can reach loopback too.
    /// </summary>
    /// <exception cref="CommandFailure">A proxy is none, or passes others on where there is no key.</exception>
    internal static AccessOptions Access(HostSettings host, WebAddress web)
    {
        DashboardSettings dashboard = host.Dashboard;
        IReadOnlyList<System.Net.IPNetwork> proxies = ReadProxies(dashboard.Proxies);
        bool asks = dashboard.Secret.Length > 0 || dashboard.OpenId.Authority.Length > 0 || (web.IsLoopback && proxies.Count == 0);
        var access = new AccessOptions
        {
            OperatorKey = asks ? dashboard.Secret : host.Cluster.Secret,
            ViewerKey = dashboard.ViewerSecret,
            Proxies = proxies,
            OpenId = dashboard.OpenId.Authority.Length == 0 ? null : new OpenIdOptions
            {
                Authority = dashboard.OpenId.Authority,
                ClientId = dashboard.OpenId.ClientId,
                ClientSecret = dashboard.OpenId.ClientSecret,
                RoleClaim = dashboard.OpenId.RoleClaim,
                OperatorRole = dashboard.OpenId.OperatorRole,
                ViewerRole = dashboard.OpenId.ViewerRole,
            },
        };
        return proxies.Count == 0 || !access.IsOpen ? access
            : throw new CommandFailure("Etr:Dashboard:Proxies passes others on and there is no secret: set Etr:Dashboard:Secret (16 characters or more)");
    }

    private static IReadOnlyList<System.Net.IPNetwork> ReadProxies(string text)
    {
        try
        {
            return Proxies.Read(text);
        }
        catch (ArgumentException e)
        {
            throw new CommandFailure($"Etr:Dashboard:Proxies: {e.Message}", inner: e);
        }
    }

    /// <summary>What is asked for where <paramref name="own"/> is not set: never less than the pages ask for.</summary>
    /// <exception cref="CommandFailure">There is nothing to ask for, and a proxy passes others on.</exception>
    public static string SecretOf(string own, HostSettings host, WebAddress web)
    {
        bool proxied = host.Dashboard.Proxies.Length > 0;
        string secret = own.Length > 0 ? own : host.Dashboard.Secret.Length > 0 ? host.Dashboard.Secret : web.IsLoopback && !proxied ? "" : host.Cluster.Secret;
        return secret.Length > 0 || !proxied ? secret
            : throw new CommandFailure("Etr:Dashboard:Proxies passes others on and the endpoint has no secret: set Etr:Endpoint:Secret (16 characters or more)");
    }
}
