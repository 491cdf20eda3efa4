using System.Net;
using Etr.Grains.Silos;
using Etr.Silo.Configuration;
using Etr.Silo.RemoteSamplers;
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

    /// <summary>Devices of this machine on which its samplers draw.</summary>
    public IReadOnlyList<string> OwnDevices { get; init; } = [];

    /// <summary>Servers that draw for it.</summary>
    public IReadOnlyList<RemoteServer> Remote { get; init; } = [];

    /// <summary>Resolves a silo.</summary>
    /// <exception cref="Cli.CommandFailure">A server's settings cannot be used.</exception>
    public static SiloPlan Of(EtrSettings settings, SiloPlace place, WebAddress web, ClusterPorts ports, StoreAddress store, SiloHome home)
    {
        bool open = !IPAddress.IsLoopback(place.Advertise);
        bool samples = place.Roles.HasFlag(SiloRoles.Sampler);
        IReadOnlyList<RemoteServer> remote = samples ? RemoteServer.All(settings.Host.Samplers) : [];

        // Whoever names servers has no device to spare, unless they name one too.
        string devices = settings.Host.Cluster.Devices.Length > 0 ? settings.Host.Cluster.Devices : remote.Count > 0 ? "" : settings.Run.Policy.Device;
        string[] own = samples ? devices.Split(',', StringSplitOptions.RemoveEmptyEntries) : [];
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
            OwnDevices = own,
            Remote = remote,
            Card = new SiloCard
            {
                Roles = place.Roles,
                Devices = [.. own, .. remote.Select(server => server.Name)],
                Url = web.UrlFor(place.Advertise),
                Version = ClusterIdentity.Version,
            },
        };
    }
}
