using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;

namespace Etr.Silo.Hosting;

/// <summary>Where files, health, metrics and pages are served.</summary>
/// <param name="Addresses">The addresses to bind, the configured one first.</param>
/// <param name="Port">The port; 0 is still to be chosen.</param>
/// <param name="Certificate">What HTTPS is served with; null serves plain HTTP.</param>
internal sealed record WebAddress(IReadOnlyList<IPAddress> Addresses, int Port, X509Certificate2? Certificate)
{
    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLoopback => Addresses.All(IPAddress.IsLoopback);

    /// <summary>Resolves the configured address and checks that it can be bound.</summary>
    /// <param name="options">The configured address.</param>
    /// <param name="advertise">Where other silos reach this one: files are served there too.</param>
    /// <param name="portMatters">Whether someone types the port; where nobody does, a free one will do.</param>
    /// <exception cref="CommandFailure">The name is unknown, the port is taken, the certificate can't be read, or the bind would be open to others without a secret.</exception>
    public static WebAddress Of(DashboardSettings options, IPAddress advertise, bool portMatters)
    {
        IPAddress address = options.Host == "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(options.Host.Trim('[', ']'), out IPAddress? parsed) ? parsed
            : throw new CommandFailure($"Etr:Dashboard:Host '{options.Host}' is not an address: name an IP address or localhost");
        if (!IPAddress.IsLoopback(address) && options.Secret.Length == 0 && options.OpenId.Authority.Length == 0)
        {
            throw new CommandFailure(
                $"Etr:Dashboard:Host {options.Host} can be reached by others and there is no secret: set Etr:Dashboard:Secret (16 characters or more), or listen on 127.0.0.1");
        }

        // Without pages nobody types the address, so a second silo beside a first one need not collide with it.
        int port = portMatters ? options.Port : 0;
        if (port != 0 && IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Any(
            e => e.Port == port && (e.Address.Equals(address) || e.Address.Equals(IPAddress.Any) || e.Address.Equals(IPAddress.IPv6Any))))
        {
            throw new CommandFailure(
                $"port {port} on {address} is taken: stop what listens there, or choose another with --set Etr:Dashboard:Port=PORT (0 takes a free one)");
        }

        bool covers = address.Equals(advertise) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
        return new WebAddress(covers ? [address] : [address, advertise], port, ReadCertificate(options));
    }

    /// <summary>The address for people on this machine.</summary>
    public string UrlFor(IPAddress address) =>
        new UriBuilder(Certificate is null ? "http" : "https", address.ToString(), Port).Uri.GetLeftPart(UriPartial.Authority);

    private static X509Certificate2? ReadCertificate(DashboardSettings options)
    {
        if (options.Certificate.Length == 0)
            return null;
        try
        {
            return X509Certificate2.CreateFromPemFile(options.Certificate, options.CertificateKey.Length > 0 ? options.CertificateKey : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailure($"the certificate {options.Certificate} cannot be read ({e.Message.TrimEnd('.')}): Etr:Dashboard:Certificate and CertificateKey name PEM files", inner: e);
        }
    }
}
