using System.Net;
using Etr.Dashboard.Access;

namespace Etr.Dashboard.Client;

/// <summary>Where a dashboard that is a program of its own finds its cluster, and where it is found.</summary>
/// <param name="Join"><c>HOST:PORT</c> of the cluster's store.</param>
/// <param name="ClusterId">The cluster's name in it.</param>
/// <param name="ClusterSecret">The store's password; empty where it has none.</param>
/// <param name="Address">The address to listen on.</param>
/// <param name="Port">The port; 0 takes a free one.</param>
/// <param name="Access">Who may come in.</param>
internal sealed record ClientSettings(string Join, string ClusterId, string ClusterSecret, IPAddress Address, int Port, AccessOptions Access)
{
    private const int FewestCharacters = 16;

    /// <summary>Puts flags and the environment together. Secrets come from the environment alone, as the silo's own do.</summary>
    /// <exception cref="ArgumentException">An address or a port is none, or others could come in without a key.</exception>
    public static ClientSettings Of(string join, string clusterId, string host, int port, Func<string, string?> environment)
    {
        if (join.LastIndexOf(':') is not (> 0 and var colon) || !int.TryParse(join.AsSpan(colon + 1), out int store) || store is < 1 or > 65535)
            throw new ArgumentException($"--join {join}: expected HOST:PORT, as 'etr silo' and 'etr train' print it");
        IPAddress address = host == "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? parsed) ? parsed
            : throw new ArgumentException($"--host {host}: expected an IP address or localhost");
        var access = new AccessOptions
        {
            OperatorKey = Key("Etr__Dashboard__Secret", environment),
            ViewerKey = Key("Etr__Dashboard__ViewerSecret", environment),
            AuditFile = environment("Etr__Dashboard__AuditFile") ?? "",
        };
        if (!IPAddress.IsLoopback(address) && access.IsOpen)
            throw new ArgumentException($"{host} can be reached by others and there is no key: set Etr__Dashboard__Secret ({FewestCharacters} characters or more) in the environment, or listen on 127.0.0.1");
        return new ClientSettings(join, clusterId, environment("Etr__Cluster__Secret") ?? "", address, port, access);
    }

    private static string Key(string name, Func<string, string?> environment) => environment(name) switch
    {
        null or "" => "",
        { Length: < FewestCharacters } => throw new ArgumentException($"{name} is too short: {FewestCharacters} characters or more"),
        { } key => key,
    };
}
