using System.Net.NetworkInformation;
using System.Text.Json;
using Etr.Core.Files;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;

namespace Etr.Silo.Store;

/// <summary>
/// The ports of a silo, kept in its home. They are kept: a silo that comes back at its old address replaces its own dead
/// membership row at once, and others find the store where it was.
/// </summary>
/// <param name="Silo">Port between silos.</param>
/// <param name="Gateway">Port for clients.</param>
/// <param name="Store">Port of the embedded store.</param>
/// <param name="Web">Port of files, health, metrics and pages.</param>
internal sealed record ClusterPorts(int Silo, int Gateway, int Store, int Web)
{
    // Below the range that systems hand to outgoing connections, so that a kept port is still free next time.
    private const int First = 20_000;
    private const int Last = 32_000;

    /// <summary>Where a silo's ports are kept.</summary>
    /// <param name="home">The silo's home: <see cref="SiloHome.Root"/>.</param>
    public static string FileOf(string home) => Path.Combine(home, "ports.json");

    /// <summary>Takes the configured ports, else the kept ones, else free ones; and keeps them.</summary>
    /// <param name="home">The silo's home.</param>
    /// <param name="options">The configured ones; 0 takes a kept or a free one.</param>
    /// <param name="web">The configured port of files, health, metrics and pages.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CommandFailure">A configured port is taken.</exception>
    public static async Task<ClusterPorts> TakeAsync(string home, ClusterSettings options, int web, CancellationToken cancellationToken)
    {
        ClusterPorts kept = Kept(home) ?? new ClusterPorts(0, 0, 0, 0);
        HashSet<int> busy = [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(e => e.Port)];
        int Choose(string key, int configured, int before)
        {
            if (busy.Contains(configured))
                throw new CommandFailure($"port {configured} is taken: stop what listens there, or choose another with --set {key}=PORT (0 takes a free one)");
            int port = configured > 0 ? configured : before > 0 && !busy.Contains(before) ? before : Free(busy);
            busy.Add(port);
            return port;
        }

        var ports = new ClusterPorts(
            Choose("Etr:Cluster:SiloPort", options.SiloPort, kept.Silo),
            Choose("Etr:Cluster:GatewayPort", options.GatewayPort, kept.Gateway),
            Choose("Etr:Cluster:StorePort", options.StorePort, kept.Store),
            Choose("Etr:Dashboard:Port", web, kept.Web));
        if (ports != kept)
            await DurableFile.WriteAsync(FileOf(home), JsonSerializer.SerializeToUtf8Bytes(ports), cancellationToken);
        return ports;
    }

    /// <summary>The ports that were kept; null where none were.</summary>
    public static ClusterPorts? Kept(string home)
    {
        try
        {
            var file = new FileInfo(FileOf(home));
            return file.Exists && file.Length < 4096 ? JsonSerializer.Deserialize<ClusterPorts>(File.ReadAllBytes(file.FullName)) : null;
        }
        catch (JsonException)
        {
            return null; // Ports can be taken anew; nothing else was lost.
        }
    }

    private static int Free(HashSet<int> busy)
    {
        int port;
        do
        {
            port = Random.Shared.Next(First, Last);
        }
        while (busy.Contains(port));
        return port;
    }
}
