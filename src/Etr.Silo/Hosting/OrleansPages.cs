using Etr.Dashboard.Access;
using Etr.Grains.Silos;
using Orleans.Dashboard;

namespace Etr.Silo.Hosting;

/// <summary>
/// Orleans' own dashboard at <c>/orleans</c>. It has no sign-in of its own and takes the dashboard's: operators see it, and without keys
/// everyone on loopback.
/// </summary>
internal static class OrleansPages
{
    /// <summary>Where it is.</summary>
    public const string Path = "/orleans";

    /// <summary>Lets the silo measure its calls, where that is asked for.</summary>
    public static void AddTo(ISiloBuilder silo, SiloPlan plan)
    {
        if (plan.Settings.Host.Dashboard.Orleans)
            silo.AddDashboard(dashboard => dashboard.HideTrace = true);
    }

    /// <summary>Serves the pages, on silos with the role.</summary>
    public static void Map(WebApplication app, SiloPlan plan)
    {
        if (plan.Settings.Host.Dashboard.Orleans && plan.Card.Roles.HasFlag(SiloRoles.Dashboard))
            app.MapOrleansDashboard(Path).RequireOperator();
    }
}
