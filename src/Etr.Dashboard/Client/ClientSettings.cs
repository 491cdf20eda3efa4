using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etr.Dashboard.Access;

namespace Etr.Dashboard.Client;

/// <summary>Where a dashboard that is a program of its own finds its cluster, and where it is found.</summary>
/// <param name="Join"><c>HOST:PORT</c> of the cluster's store.</param>
/// <param name="ClusterId">The cluster's name in it.</param>
/// <param name="ClusterSecret">The store's password; empty where it has none.</param>
/// <param name="Tls">Whether the store is spoken to by TLS.</param>
/// <param name="Address">The address to listen on.</param>
/// <param name="Port">The port; 0 takes a free one.</param>
/// <param name="Certificate">What HTTPS is served with; null serves plain HTTP.</param>
/// <param name="Access">Who may come in.</param>
internal sealed record ClientSettings(
    string Join, string ClusterId, string ClusterSecret, bool Tls, IPAddress Address, int Port, X509Certificate2? Certificate, AccessOptions Access)
{
    private const int FewestCharacters = 16;

    /// <summary>Whether only this machine reaches it: nothing else listens for it, and no proxy passes others on.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Address) && Access.Proxies.Count == 0;

    /// <summary>Puts flags and the environment together. Secrets come from the environment alone, as the silo's own do.</summary>
    /// <exception cref="ArgumentException">A setting can't be used, or others could come in without a key.</exception>
    public static ClientSettings Of(string join, string clusterId, string host, int port, Func<string, string?> environment)
    {
        if (join.LastIndexOf(':') is not (> 0 and var colon) || !int.TryParse(join.AsSpan(colon + 1), out int store) || store is < 1 or > 65535)
            throw new ArgumentException($"--join {join}: expected HOST:PORT, as 'etr silo' and 'etr train' print it");
        IPAddress address = host == "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? parsed) ? parsed
            : throw new ArgumentException($"--host {host}: expected an IP address or localhost");
        string Text(string name) => environment(name) ?? "";
        if (Text("Etr__Cluster__Certificate").Length > 0)
            throw new ArgumentException("Etr__Cluster__Certificate: this program has no TLS for Orleans' own ports; let a silo serve the pages (Etr:Cluster:Roles=dashboard) in a build with -p:OrleansTls=true");
        var access = new AccessOptions
        {
            OperatorKey = Key("Etr__Dashboard__Secret", environment),
            ViewerKey = Key("Etr__Dashboard__ViewerSecret", environment),
            OpenId = Provider(Text),
            AuditFile = Text("Etr__Dashboard__AuditFile"),
            Proxies = Etr.Dashboard.Access.Proxies.Read(Text("Etr__Dashboard__Proxies")),
            Id = "client-" + (port > 0 ? port.ToString(CultureInfo.InvariantCulture) : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))),
        };
        var settings = new ClientSettings(
            join, clusterId, Text("Etr__Cluster__Secret"), Flag("Etr__Cluster__Tls", environment), address, port,
            ReadCertificate(Text("Etr__Dashboard__Certificate"), Text("Etr__Dashboard__CertificateKey")), access);
        if (!settings.IsLoopback && access.IsOpen)
        {
            string why = IPAddress.IsLoopback(address) ? "a proxy passes others on" : $"{host} can be reached by others";
            throw new ArgumentException($"{why} and there is no key: set Etr__Dashboard__Secret ({FewestCharacters} characters or more) in the environment, or listen on 127.0.0.1 without a proxy");
        }

        return settings;
    }

    private static string Key(string name, Func<string, string?> environment) => environment(name) switch
    {
        null or "" => "",
        { Length: < FewestCharacters } => throw new ArgumentException($"{name} is too short: {FewestCharacters} characters or more"),
        { } key => key,
    };

    private static bool Flag(string name, Func<string, string?> environment) => environment(name) switch
    {
        null or "" => false,
        { } text when bool.TryParse(text, out bool set) => set,
        { } text => throw new ArgumentException($"{name} is '{text}': expected true or false"),
    };

    private static OpenIdOptions? Provider(Func<string, string> text)
    {
        const string Prefix = "Etr__Dashboard__OpenId__";
        string authority = text(Prefix + "Authority");
        if (authority.Length == 0)
            return null;
        if (!Uri.TryCreate(authority, UriKind.Absolute, out Uri? issuer) || !(issuer.Scheme == Uri.UriSchemeHttps || (issuer.Scheme == Uri.UriSchemeHttp && issuer.IsLoopback)))
            throw new ArgumentException($"{Prefix}Authority is '{authority}': expected the issuer's https address");
        var provider = new OpenIdOptions { Authority = authority, ClientId = "etr", ClientSecret = text(Prefix + "ClientSecret"), ViewerRole = text(Prefix + "ViewerRole") };
        return provider with
        {
            ClientId = text(Prefix + "ClientId") is { Length: > 0 } id ? id : provider.ClientId,
            RoleClaim = text(Prefix + "RoleClaim") is { Length: > 0 } claim ? claim : provider.RoleClaim,
            OperatorRole = text(Prefix + "OperatorRole") is { Length: > 0 } role ? role : provider.OperatorRole,
        };
    }

    private static X509Certificate2? ReadCertificate(string file, string key)
    {
        if (file.Length == 0)
            return null;
        try
        {
            return X509Certificate2.CreateFromPemFile(file, key.Length > 0 ? key : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ArgumentException($"the certificate {file} cannot be read ({e.Message.TrimEnd('.')}): Etr__Dashboard__Certificate and Etr__Dashboard__CertificateKey name PEM files", e);
        }
    }
}
