using Etr.Dashboard.Hosting;
using Etr.Dashboard.Reading;
using Etr.Dashboard.Shell;
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
        services.AddSingleton<EmbeddedAssets>();
        services.AddSingleton<WallAggregator>();
        services.AddHostedService(provider => provider.GetRequiredService<WallAggregator>());
        return services;
    }

    /// <summary>
    /// Maps the dashboard's pages at the root, its circuit and its assets. It answers whoever reaches the port: bind it to
    /// loopback, or put authorisation in front of it.
    /// </summary>
    /// <param name="app">The host.</param>
    /// <returns><paramref name="app"/>.</returns>
    public static WebApplication MapEtrDashboard(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseAntiforgery();
        app.Services.GetRequiredService<EmbeddedAssets>().Map(app);
        app.MapRazorComponents<App>().AddInteractiveServerRenderMode();
        return app;
    }
}
