using Etr.Core.Rollouts;
using Etr.Grains;
using Etr.Silo.Configuration;
using Etr.Silo.Files;
using Etr.Silo.Health;
using Etr.Silo.Store;
using Etr.Silo.Telemetry;
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
        builder.Services.AddEtrHealth(plan.Card.Roles);
        builder.AddEtrSignals(plan.Settings.Host.Telemetry, plan.Name, plan.Card.Version);
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
        UseGate(app, plan.Settings.Host, plan.Web);
        app.MapEtrHealth();
        app.MapPrometheusScrapingEndpoint();
        parts.Web(app);
        return app;
    }

    // Pages, metrics and readiness ask for the dashboard's secret; where that is not set and others can reach them, for the cluster's.
    private static void UseGate(WebApplication app, HostSettings host, WebAddress web)
    {
        string secret = host.Dashboard.Secret.Length > 0 ? host.Dashboard.Secret : web.IsLoopback ? "" : host.Cluster.Secret;
        if (secret.Length > 0)
            app.UseWhen(context => !FileEndpoints.IsFile(context.Request.Path), gated => gated.UseMiddleware<SecretGate>(secret));
    }
}
