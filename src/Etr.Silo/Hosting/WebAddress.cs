using System.Net;
using System.Net.NetworkInformation;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;

namespace Etr.Silo.Hosting;

/// <summary>Where the dashboard, health and metrics are served.</summary>
/// <param name="Address">The address to bind.</param>
/// <param name="Port">The port; 0 takes a free one.</param>
internal sealed record WebAddress(IPAddress Address, int Port)
{
    /// <summary>Resolves the configured address and checks that it can be bound.</summary>
    /// <exception cref="CommandFailure">The name is unknown, the port is taken, or the bind would be open to others without a secret.</exception>
    public static WebAddress Of(DashboardSettings options, bool portNamed)
    {
        IPAddress address = options.Host == "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(options.Host.Trim('[', ']'), out IPAddress? parsed) ? parsed
            : throw new CommandFailure($"Etr:Dashboard:Host '{options.Host}' is not an address: name an IP address or localhost");
        if (!IPAddress.IsLoopback(address) && options.Secret.Length == 0)
        {
            throw new CommandFailure(
                $"Etr:Dashboard:Host {options.Host} can be reached by others and there is no secret: set Etr:Dashboard:Secret (16 characters or more), or listen on 127.0.0.1");
        }

        // Without pages nobody types the address, so a second run beside a first one need not collide with it.
        int port = options.Enabled || portNamed ? options.Port : 0;
        if (port != 0 && IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(
            e => e.Port == port && (e.Address.Equals(address) || e.Address.Equals(IPAddress.Any) || e.Address.Equals(IPAddress.IPv6Any))))
        {
            throw new CommandFailure(
                $"port {port} on {address} is taken: stop what listens there, or choose another with --set Etr:Dashboard:Port=PORT (0 takes a free one)");
        }

        return new WebAddress(address, port);
    }
}
