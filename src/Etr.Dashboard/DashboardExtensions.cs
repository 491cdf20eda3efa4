using Etr.Dashboard.Access;
using Etr.Dashboard.Cluster;
using Etr.Dashboard.Control;
using Etr.Dashboard.History;
using Etr.Dashboard.Hosting;
using Etr.Dashboard.Reading;
using Etr.Dashboard.Runs;
using Etr.Dashboard.Shell;
using Etr.Dashboard.Trend;
using Etr.Dashboard.Wall;
using Etr.Grains.Feed;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Etr.Dashboard;

/// <summary>Puts the dashboard into a host.</summary>
public static class DashboardExtensions
{
    /// <summary>
    /// Registers the dashboard's services. The host provides an <see cref="IGrainFactory"/> and, where it also runs grains,
    /// the <see cref="RolloutFeed"/> that they publish to.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="orleansPage">Where the host serves Orleans' own dashboard; null where it does not.</param>
    /// <returns><paramref name="services"/>.</returns>
    public static IServiceCollection AddEtrDashboard(this IServiceCollection services, string? orleansPage = null)
    {
        services.AddRazorComponents().AddInteractiveServerComponents();
        services.AddOptions<DashboardOptions>().Configure(options => options.OrleansPage = orleansPage);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RolloutFeed>();
        services.TryAddSingleton<IRunReader, OrleansRunReader>();
        services.TryAddSingleton<IClusterActions, OrleansClusterActions>();
        services.AddScoped<Actions>();
        services.AddSingleton<EmbeddedAssets>();
        services.AddSingleton<RunHistories>();
        services.AddSingleton<WholeSteps>();
        services.AddSingleton<TraceClouds>();
        services.AddMetrics();
        services.AddSingleton<WallMetrics>();
        services.AddSingleton<WallAggregator>();
        services.AddHostedService(provider => provider.GetRequiredService<WallAggregator>());
        services.AddSingleton<ClusterWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<ClusterWatch>());
        return services;
    }

    /// <summary>
    /// Maps the dashboard's pages at the root, its circuit and its assets, behind <see cref="AccessExtensions.UseEtrAccess"/>.
    /// </summary>
    /// <param name="app">The host.</param>
    /// <returns><paramref name="app"/>.</returns>
    public static WebApplication MapEtrDashboard(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Services.GetRequiredService<EmbeddedAssets>().Map(app);
        RunExport.Map(app);
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
        return app;
    }
}
