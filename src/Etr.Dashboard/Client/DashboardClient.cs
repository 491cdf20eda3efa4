using Etr.Dashboard.Access;
using Etr.Grains.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HostFiltering;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using StackExchange.Redis;

namespace Etr.Dashboard.Client;

/// <summary>The dashboard as a client of a cluster: pages and circuits here, grains and feeds there.</summary>
internal static class DashboardClient
{
    private const int AnswerMilliseconds = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan GatewayRefresh = TimeSpan.FromSeconds(2);

    /// <summary>Connects, serves, and ends with the token.</summary>
    /// <returns>The program's exit code.</returns>
    public static async Task<int> RunAsync(ClientSettings settings, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        await using WebApplication app = Build(settings);
        try
        {
            await app.StartAsync(cancellationToken).WaitAsync(Patience, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException or RedisException or IOException)
        {
            await errors.WriteLineAsync($"etr: no cluster '{settings.ClusterId}' answers at {settings.Join}, or the port is taken ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}): start a silo with 'etr silo', or name its store with --join HOST:PORT");
            return 1;
        }

        await output.WriteLineAsync($"READY dashboard={app.Urls.First()} join={settings.Join}");
        await app.WaitForShutdownAsync(cancellationToken);
        return 0;
    }

    /// <summary>Builds it; nothing is started.</summary>
    public static WebApplication Build(ClientSettings settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(settings.Address, settings.Port, listen =>
            {
                if (settings.Certificate is { } certificate)
                    listen.UseHttps(certificate);
            });
        });
        if (settings.Certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddRoutingCore();
        builder.Logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning)
            .AddFilter(typeof(AuditLog).FullName, LogLevel.Information)
            .AddFilter("Orleans", LogLevel.Critical).AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        if (settings.IsLoopback)
        {
            // A page elsewhere must not reach a loopback service through a name of its own.
            builder.Services.Configure<HostFilteringOptions>(o => o.AllowedHosts = ["localhost", "127.0.0.1", "[::1]"]);
            builder.Services.AddHostFiltering(_ => { });
        }

        builder.Host.UseOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = settings.ClusterId);
            client.Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = GatewayRefresh);
            client.UseRedisClustering(redis => redis.ConfigurationOptions = new ConfigurationOptions
            {
                EndPoints = { settings.Join },
                AbortOnConnectFail = false,
                AsyncTimeout = AnswerMilliseconds,
                Ssl = settings.Tls,
                Password = settings.ClusterSecret.Length > 0 ? settings.ClusterSecret : null,
                ReconnectRetryPolicy = new LinearRetry(1000),
            });
        });
        builder.Services.AddEtrClientFeed().AddEtrDashboard().AddEtrAccess(settings.Access);
        WebApplication app = builder.Build();
        if (settings.IsLoopback)
            app.UseHostFiltering();
        app.UseEtrAccess();
        app.MapGet("/healthz", () => "alive").AllowAnonymous();
        app.MapEtrDashboard();
        return app;
    }
}
