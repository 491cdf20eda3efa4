using Etr.Silo.Cli;
using StackExchange.Redis;

namespace Etr.Silo.Store;

/// <summary>
/// What a store says of the clusters in it, so that a silo that knocks at the wrong door is told which door it is: a set of
/// cluster names, and for each the version of the protocol that its silos speak.
/// </summary>
internal static class ClusterIdentity
{
    /// <summary>Raised whenever silos of two versions could misread each other's messages, states or files.</summary>
    public const int Protocol = 1;

    private const string Clusters = "etr/clusters";
    private const string ProtocolField = "protocol";
    private const string VersionField = "version";

    /// <summary>The program's version.</summary>
    public static string Version { get; } = typeof(ClusterIdentity).Assembly.GetName().Version!.ToString(3);

    /// <summary>Checks that the store holds the cluster; founds it where that is allowed and there is none of the name.</summary>
    /// <exception cref="CommandFailure">There is no such cluster, or its silos speak another protocol.</exception>
    public static async Task EnterAsync(IDatabase store, StoreAddress address, string clusterId, bool mustExist)
    {
        RedisValue[] known = await AskAsync(store.SetMembersAsync(Clusters), address);
        if (known.Contains(clusterId))
        {
            HashEntry[] card = await AskAsync(store.HashGetAllAsync(KeyOf(clusterId)), address);
            string protocol = Value(card, ProtocolField);
            if (protocol != Protocol.ToString(System.Globalization.CultureInfo.InvariantCulture))
            {
                throw new CommandFailure(
                    $"the cluster '{clusterId}' at {address} speaks protocol {protocol} (etr {Value(card, VersionField)}) and this program speaks {Protocol} (etr {Version}): run the same version on every silo");
            }

            return;
        }

        if (mustExist)
        {
            throw new CommandFailure(known.Length == 0
                ? $"there is no etr cluster at {address}: that is a store nobody founded a cluster in; start one there with --set Etr:Cluster:Redis={address}, or join another"
                : $"there is no cluster '{clusterId}' at {address}; there is {string.Join(", ", known.Select(name => $"'{name}'").Order(StringComparer.Ordinal))}: name it with --set Etr:Cluster:ClusterId=NAME");
        }

        await store.HashSetAsync(KeyOf(clusterId), [new(ProtocolField, Protocol), new(VersionField, Version)]);
        await store.SetAddAsync(Clusters, clusterId);
    }

    private static string KeyOf(string clusterId) => $"{clusterId}/identity";

    private static string Value(HashEntry[] card, string field) => card.FirstOrDefault(entry => entry.Name == field).Value is { HasValue: true } value ? value.ToString() : "none";

    private static async Task<T> AskAsync<T>(Task<T> question, StoreAddress address)
    {
        try
        {
            return await question;
        }
        catch (RedisException e)
        {
            throw new CommandFailure($"the store at {address} does not answer as one ({e.Message.ReplaceLineEndings(" ")}): name the store that 'etr silo' printed as join=", inner: e);
        }
    }
}
