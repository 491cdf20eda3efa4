using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Etr.Dashboard.Access;

/// <summary>Reads and obeys the list of proxies in front of a host.</summary>
public static class Proxies
{
    private const int Most = 32;

    /// <summary>Reads a list of addresses (<c>10.0.0.7</c>) and networks (<c>10.0.0.0/24</c>), comma-separated.</summary>
    /// <param name="text">The list; empty for none.</param>
    /// <returns>The networks; of an address the network that holds it alone.</returns>
    /// <exception cref="ArgumentException">An entry is neither, or is everyone.</exception>
    public static IReadOnlyList<IPNetwork> Read(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] entries = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (entries.Length > Most)
            throw new ArgumentException($"the list of proxies has {entries.Length} entries: {Most} or fewer");
        return [.. entries.Select(ReadOne)];
    }

    /// <summary>
    /// Believes the proxies, and nobody else, who a request came from and whether by HTTPS. Everything after this sees the person's
    /// address: limits, the audit, cookies and the address that a provider sends people back to.
    /// </summary>
    internal static void UseProxies(this IApplicationBuilder app, IReadOnlyList<IPNetwork> proxies)
    {
        if (proxies.Count == 0)
            return;
        // Each step back is taken only from a proxy of the list, so their number needs no limit of its own.
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (IPNetwork proxy in proxies)
            options.KnownIPNetworks.Add(proxy);
        app.UseForwardedHeaders(options);
    }

    private static IPNetwork ReadOne(string entry)
    {
        if (IPAddress.TryParse(entry, out IPAddress? address))
        {
            address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        }

        // A list of everyone would let anyone say who they are.
        return IPNetwork.TryParse(entry, out IPNetwork network) && network.PrefixLength > 0 ? network
            : throw new ArgumentException($"'{entry}' is no proxy: expected an address, or a network such as 10.0.0.0/24");
    }
}
