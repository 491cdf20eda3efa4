using System.Net;
using Etr.Grains.Silos;
using Etr.Silo.Configuration;
using Etr.Silo.Store;

namespace Etr.Silo.Hosting;

/// <summary>One silo with everything resolved: its name, ports, store, home and what it tells the others.</summary>
internal sealed record SiloPlan
{
    /// <summary>All settings.</summary>
    public required EtrSettings Settings { get; init; }

    /// <summary>Its name: the same after a restart in the same home.</summary>
    public required string Name { get; init; }

    /// <summary>Where other machines reach it.</summary>
    public required IPAddress Advertise { get; init; }

    /// <summary>Its ports.</summary>
    public required ClusterPorts Ports { get; init; }

    /// <summary>Its web endpoints.</summary>
    public required WebAddress Web { get; init; }

    /// <summary>The cluster's store.</summary>
    public required StoreAddress Store { get; init; }

    /// <summary>What other silos are told to join.</summary>
    public required string Join { get; init; }

    /// <summary>Its own directory.</summary>
    public required SiloHome Home { get; init; }

    /// <summary>What it tells the others.</summary>
    public required SiloCard Card { get; init; }

    /// <summary>Resolves a silo.</summary>
    public static SiloPlan Of(EtrSettings settings, SiloPlace place, WebAddress web, ClusterPorts ports, StoreAddress store, SiloHome home)
    {
        bool open = !IPAddress.IsLoopback(place.Advertise);
        string devices = settings.Host.Cluster.Devices.Length > 0 ? settings.Host.Cluster.Devices : settings.Run.Policy.Device;
        return new SiloPlan
        {
            Settings = settings,
            // A name that outlives the process keeps metrics and lists of samplers from growing with every restart.
            Name = $"{Environment.MachineName}-{ports.Silo}",
            Advertise = place.Advertise,
            Ports = ports,
            Web = web,
            Store = store,
            Join = place.Store is null && open ? $"{place.Advertise}:{ports.Store}" : store.Endpoint,
            Home = home,
            Card = new SiloCard
            {
                Roles = place.Roles,
                Devices = place.Roles.HasFlag(SiloRoles.Sampler) ? devices.Split(',') : [],
                Url = web.UrlFor(place.Advertise),
                Version = ClusterIdentity.Version,
            },
        };
    }
}
