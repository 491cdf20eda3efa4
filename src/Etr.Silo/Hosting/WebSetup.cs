using Etr.Core.Rollouts;
using Etr.Dashboard.Access;
using Etr.Grains;
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
        builder.Services.AddEtrHealth(plan.Card.Roles).AddEtrAccess(Access(plan));
        builder.AddEtrSignals(plan.Settings.Host.Telemetry, plan.Name, plan.Card.Version);
        builder.Services.AddDataProtection().SetApplicationName("etr").PersistKeysToFileSystem(new DirectoryInfo(Path.Combine(plan.Home.Root, "keys")));
        if (plan.Web.IsLoopback)
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
        if (plan.Web.IsLoopback)
            app.UseHostFiltering();
        app.UseEtrAccess();
        app.MapEtrHealth();
        app.MapPrometheusScrapingEndpoint();
        parts.Web(app);
        return app;
    }

    // Pages, metrics and readiness ask for the dashboard's keys; where there are none and others can reach them, for the cluster's secret.
    private static AccessOptions Access(SiloPlan plan)
    {
        DashboardSettings dashboard = plan.Settings.Host.Dashboard;
        bool asks = dashboard.Secret.Length > 0 || dashboard.OpenId.Authority.Length > 0 || plan.Web.IsLoopback;
        return new AccessOptions
        {
            OperatorKey = asks ? dashboard.Secret : plan.Settings.Host.Cluster.Secret,
            ViewerKey = dashboard.ViewerSecret,
            AuditFile = Path.Combine(plan.Home.Root, "audit.jsonl"),
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
    }

    /// <summary>What is asked for where <paramref name="own"/> is not set: never less than the pages ask for.</summary>
    public static string SecretOf(string own, HostSettings host, WebAddress web) =>
        own.Length > 0 ? own : host.Dashboard.Secret.Length > 0 ? host.Dashboard.Secret : web.IsLoopback ? "" : host.Cluster.Secret;
}
