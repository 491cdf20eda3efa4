using System.Net;
using Etr.Grains.Silos;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Store;

namespace Etr.Silo.Hosting;

/// <summary>Where one silo stands: what it does, where its store is, and at which addresses it is reached.</summary>
/// <param name="Roles">What it does.</param>
/// <param name="Advertise">Where other machines reach it.</param>
/// <param name="Store">The cluster's store; null hosts it here.</param>
internal sealed record SiloPlace(SiloRoles Roles, IPAddress Advertise, StoreAddress? Store)
{
    /// <summary>Resolves the settings.</summary>
    /// <exception cref="CommandFailure">They contradict each other, or would open the cluster to others without a secret.</exception>
    public static SiloPlace Of(ClusterSettings cluster)
    {
        if (!IPAddress.TryParse(cluster.Advertise, out IPAddress? advertise))
            throw new CommandFailure($"Etr:Cluster:Advertise '{cluster.Advertise}' is no IP address: name the one at which other machines reach this one");
        if (!IPAddress.IsLoopback(advertise) && cluster.Secret.Length == 0)
            throw new CommandFailure($"Etr:Cluster:Advertise {advertise} can be reached by others and there is no secret: set Etr:Cluster:Secret (16 characters or more) on every silo, or stay on 127.0.0.1");
        if (IPAddress.Any.Equals(advertise) || IPAddress.IPv6Any.Equals(advertise))
            throw new CommandFailure($"Etr:Cluster:Advertise {advertise} is every address and so none: name the one at which other machines reach this one");
        if (cluster is { Join.Length: > 0, Redis.Length: > 0 } && cluster.Join != cluster.Redis)
            throw new CommandFailure($"--join {cluster.Join} and Etr:Cluster:Redis {cluster.Redis} name two stores: name one");

        _ = SiloRolesText.TryParse(cluster.Roles, out SiloRoles roles);
        string endpoint = cluster.Join.Length > 0 ? cluster.Join : cluster.Redis;
        bool named = cluster.Roles != "all";
        if (endpoint.Length > 0)
        {
            if (named && roles.HasFlag(SiloRoles.Store))
                throw new CommandFailure($"the role 'store' and a store elsewhere ({endpoint}) exclude each other: leave one out");
            return new SiloPlace(roles & ~SiloRoles.Store, advertise, new StoreAddress(endpoint, cluster.Secret, cluster.Tls));
        }

        if (!roles.HasFlag(SiloRoles.Store))
            throw new CommandFailure("a silo without the role 'store' needs a store elsewhere: name it with --join HOST:PORT (what 'etr silo' and 'etr train' print) or --set Etr:Cluster:Redis=HOST:PORT");
        if (cluster.Tls)
            throw new CommandFailure("the embedded store speaks no TLS: leave Etr:Cluster:Tls out, or name a store of yours with --set Etr:Cluster:Redis=HOST:PORT");
        return new SiloPlace(roles, advertise, null);
    }
}
