using System.Net;
using Etr.Silo.Configuration;
using Etr.Silo.Store;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Persistence;
using Orleans.Serialization;
using Orleans.Storage;

namespace Etr.Silo.Hosting;

/// <summary>The silo: its address, its store, how quickly it notices a dead neighbour.</summary>
internal static class SiloSetup
{
    /// <summary>Configures a silo on loopback whose state lives behind the Redis protocol.</summary>
    /// <param name="silo">The builder.</param>
    /// <param name="options">Cluster settings.</param>
    /// <param name="ports">Where it listens.</param>
    /// <param name="store"><c>host:port</c> of the store.</param>
    /// <param name="storage">Name of the grain storage provider that the grains ask for.</param>
    public static void Configure(ISiloBuilder silo, ClusterSettings options, ClusterPorts ports, string store, string storage)
    {
        silo.Configure<ClusterOptions>(cluster =>
        {
            cluster.ClusterId = options.ClusterId;
            cluster.ServiceId = options.ClusterId;
        });
        // A name that outlives the process keeps metrics and lists of samplers from growing with every restart.
        silo.Configure<SiloOptions>(named => named.SiloName = $"{Environment.MachineName}-{ports.Silo}");
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.AdvertisedIPAddress = IPAddress.Loopback;
            endpoints.SiloPort = ports.Silo;
            endpoints.GatewayPort = ports.Gateway;
        });
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            // Sampling saturates the cores, so a probe may be late without its silo being dead: 2 s, three times.
            membership.ProbeTimeout = TimeSpan.FromSeconds(2);
            membership.NumMissedProbesLimit = 3;
            membership.NumVotesForDeathDeclaration = 2;
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(5);
            membership.DeathVoteExpirationTimeout = TimeSpan.FromSeconds(30);
            // A silo that starts ignores rows without a recent sign of life, its own dead one among them.
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        });
        silo.Configure<SiloMessagingOptions>(messaging => messaging.CancelRequestOnTimeout = true);
        silo.UseRedisClustering(redis => redis.ConfigurationOptions = StoreConnection.Options(store));
        silo.AddRedisGrainStorage(storage, (OptionsBuilder<RedisStorageOptions> redis) => redis.Configure<Serializer>((redisStorage, serializer) =>
        {
            redisStorage.ConfigurationOptions = StoreConnection.Options(store);
            // States are versioned by the ids of their members, private ones too; JSON would drop those.
            redisStorage.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
            redisStorage.GetStorageKey = (state, grain) => StateKey(options.ClusterId, state, grain);
        }));
        silo.AddActivityPropagation();
    }

    /// <summary>Where the store keeps a grain's state.</summary>
    public static string StateKey(string clusterId, string state, GrainId grain) => $"{clusterId}/state/{grain}/{state}";
}
