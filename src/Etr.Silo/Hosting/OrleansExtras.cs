#if ETR_ORLEANS_TLS
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Connections.Security;
#endif
using Etr.Silo.Cli;
using Etr.Silo.Configuration;

namespace Etr.Silo.Hosting;

/// <summary>What only some builds have: TLS between silos, and Orleans' hosting for Kubernetes. A build without refuses the setting.</summary>
internal static class OrleansExtras
{
    /// <summary>Adds what the settings ask for to a silo.</summary>
    /// <exception cref="CommandFailure">This build does not have it, or a certificate cannot be read.</exception>
    public static void AddTo(ISiloBuilder silo, ClusterSettings cluster)
    {
        if (cluster.Kubernetes)
        {
#if ETR_ORLEANS_KUBERNETES
            silo.UseKubernetesHosting();
#else
            throw new CommandFailure("Etr:Cluster:Kubernetes needs a build with -p:OrleansKubernetes=true; without it, Etr:Cluster:Advertise takes the pod's address");
#endif
        }

        if (cluster.Certificate.Length > 0)
        {
#if ETR_ORLEANS_TLS
            silo.UseTls(tls => Configure(tls, cluster));
#else
            throw NoTls();
#endif
        }
    }

    /// <summary>Adds what the settings ask for to a client.</summary>
    /// <exception cref="CommandFailure">This build does not have it, or a certificate cannot be read.</exception>
    public static void AddTo(IClientBuilder client, ClusterSettings cluster)
    {
        if (cluster.Certificate.Length == 0)
            return;
#if ETR_ORLEANS_TLS
        client.UseTls(tls => Configure(tls, cluster));
#else
        throw NoTls();
#endif
    }

#if ETR_ORLEANS_TLS
    private static void Configure(TlsOptions tls, ClusterSettings cluster)
    {
        if (cluster.CertificateAuthority.Length == 0)
            throw new CommandFailure("Etr:Cluster:Certificate needs Etr:Cluster:CertificateAuthority: whom else should a silo believe?");
        try
        {
            X509Certificate2 authority = X509CertificateLoader.LoadCertificateFromFile(cluster.CertificateAuthority);
            tls.LocalCertificate = X509Certificate2.CreateFromPemFile(cluster.Certificate, cluster.CertificateKey.Length > 0 ? cluster.CertificateKey : null);
            tls.RemoteCertificateMode = RemoteCertificateMode.RequireCertificate;
            tls.RemoteCertificateValidation = (certificate, _, _) => IsOurs(certificate, authority);

            // Silos are found by address; what names a member is its authority.
            tls.OnAuthenticateAsClient = (_, ssl) => ssl.TargetHost = "etr";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new CommandFailure($"a certificate of Etr:Cluster cannot be read ({e.Message.TrimEnd('.')}): Certificate, CertificateKey and CertificateAuthority name PEM files", inner: e);
        }
    }

    private static bool IsOurs(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }
#else
    private static CommandFailure NoTls() =>
        new("Etr:Cluster:Certificate needs a build with -p:OrleansTls=true; without it, Orleans' ports belong on a private network");
#endif
}
