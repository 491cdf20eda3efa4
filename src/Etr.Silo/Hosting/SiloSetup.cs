using Etr.Silo.Store;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Persistence;
using Orleans.Serialization;
using Orleans.Storage;

namespace Etr.Silo.Hosting;

/// <summary>The silo: its address, its store, how quickly it notices a dead neighbour.</summary>
internal static class SiloSetup
{
    /// <summary>Configures a silo whose state lives behind the Redis protocol.</summary>
    /// <param name="silo">The builder.</param>
    /// <param name="plan">The silo.</param>
    /// <param name="storage">Name of the grain storage provider that the grains ask for.</param>
    public static void Configure(ISiloBuilder silo, SiloPlan plan, string storage)
    {
        string clusterId = plan.Settings.Host.Cluster.ClusterId;
        silo.Configure<ClusterOptions>(cluster => cluster.ClusterId = cluster.ServiceId = clusterId);
        silo.Configure<SiloOptions>(named => named.SiloName = plan.Name);
        silo.Configure<EndpointOptions>(endpoints =>
        {
            endpoints.AdvertisedIPAddress = plan.Advertise;
            endpoints.SiloPort = plan.Ports.Silo;
            endpoints.GatewayPort = plan.Ports.Gateway;
        });
        silo.Configure<ClusterMembershipOptions>(membership =>
        {
            // A killed process refuses its probes at once; one that is frozen or starved of a core gets two of a second each.
            membership.ProbeTimeout = TimeSpan.FromSeconds(1);
            membership.NumMissedProbesLimit = 2;
            membership.NumVotesForDeathDeclaration = 2;
            // Gossip may be lost with whoever was to hear it; then a death is read here.
            membership.TableRefreshTimeout = TimeSpan.FromSeconds(2);
            membership.DeathVoteExpirationTimeout = TimeSpan.FromSeconds(30);
            // A silo that starts ignores rows without a recent sign of life, its own dead one among them.
            membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(5);
        });
        silo.Configure<SiloMessagingOptions>(messaging => messaging.CancelRequestOnTimeout = true);
        silo.UseRedisClustering(redis => redis.ConfigurationOptions = StoreConnection.Options(plan.Store));
        silo.AddRedisGrainStorage(storage, (OptionsBuilder<RedisStorageOptions> redis) => redis.Configure<Serializer>((redisStorage, serializer) =>
        {
            redisStorage.ConfigurationOptions = StoreConnection.Options(plan.Store);
            // States are versioned by the ids of their members, private ones too; JSON would drop those.
            redisStorage.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
            redisStorage.GetStorageKey = (state, grain) => StateKey(clusterId, state, grain);
        }));
        silo.Services.Replace(ServiceDescriptor.Singleton<IFatalErrorHandler, FatalErrors>());
        OrleansExtras.AddTo(silo, plan.Settings.Host.Cluster);
        silo.AddActivityPropagation();
    }

    /// <summary>Where the store keeps a grain's state.</summary>
    public static string StateKey(string clusterId, string state, GrainId grain) => $"{clusterId}/state/{grain}/{state}";
}
