using System.ComponentModel.DataAnnotations;

namespace Etr.Silo.Configuration;

/// <summary><c>Etr:Cluster</c>: the silo's place in its cluster. Host settings: they never change what a run computes.</summary>
public sealed record ClusterSettings
{
    /// <summary>
    /// <c>host:port</c> of a Redis, Valkey or Garnet of yours; empty hosts the store in this process. The default value is empty.
    /// </summary>
    [RegularExpression("^([A-Za-z0-9._-]+:[0-9]{1,5})?$")]
    public string Redis { get; init; } = "";

    /// <summary>
    /// <c>host:port</c> of the store of a cluster that exists already: this silo joins it, or says why it can't. The default
    /// value is empty.
    /// </summary>
    [RegularExpression("^([A-Za-z0-9._-]+:[0-9]{1,5})?$")]
    public string Join { get; init; } = "";

    /// <summary>
    /// What this silo does: any of <c>sampler</c>, <c>learner</c>, <c>dashboard</c>, <c>store</c>, comma-separated; <c>none</c>
    /// only hosts grains. The default value is <c>all</c>; a silo whose store is elsewhere never has <c>store</c>.
    /// </summary>
    [RegularExpression("^(all|none|(sampler|learner|dashboard|store)(,(sampler|learner|dashboard|store)){0,3})$")]
    public string Roles { get; init; } = "all";

    /// <summary>
    /// Devices of a sampler, comma-separated: <c>cpu</c>, <c>cpu:N</c> (the CPU with N threads) or <c>cuda:N</c>. The default
    /// value is empty: <c>Etr:Policy:Device</c>.
    /// </summary>
    [RegularExpression("^((cpu(:[0-9]{1,3})?|cuda:[0-9]{1,2})(,(cpu(:[0-9]{1,3})?|cuda:[0-9]{1,2})){0,63})?$")]
    public string Devices { get; init; } = "";

    /// <summary>
    /// The IP address at which other machines reach this silo; one that is not loopback needs a <see cref="Secret"/>. The
    /// default value is <c>127.0.0.1</c>.
    /// </summary>
    [RegularExpression("^[0-9A-Fa-f.:]{2,45}$")]
    public string Advertise { get; init; } = "127.0.0.1";

    /// <summary>
    /// What members of the cluster know: the store's password and the bearer token of its files. At least 16 characters; empty
    /// on loopback only. The default value is empty.
    /// </summary>
    [RegularExpression("^([!-~]{16,256})?$")]
    public string Secret { get; init; } = "";

    /// <summary>Whether the store is spoken to by TLS; for a store of yours, since the embedded one has none. The default value is false.</summary>
    public bool Tls { get; init; }

    /// <summary>
    /// PEM file of this silo's certificate, with which Orleans' own ports speak mutual TLS; only in a build with
    /// <c>-p:OrleansTls=true</c>. The default value is empty: no TLS there.
    /// </summary>
    public string Certificate { get; init; } = "";

    /// <summary>PEM file of the certificate's key; empty where it is in <see cref="Certificate"/>. The default value is empty.</summary>
    public string CertificateKey { get; init; } = "";

    /// <summary>PEM file of the authority that the certificates of all silos and clients must come from; needed with <see cref="Certificate"/>. The default value is empty.</summary>
    public string CertificateAuthority { get; init; } = "";

    /// <summary>
    /// Whether the silo takes its name and address from its pod and watches the cluster's pods; only in a build with
    /// <c>-p:OrleansKubernetes=true</c>. The default value is false.
    /// </summary>
    public bool Kubernetes { get; init; }

    /// <summary>
    /// <c>auto</c> reads a run's directory where this silo can see it and asks other silos otherwise; <c>http</c> always asks
    /// other silos. The default value is <c>auto</c>.
    /// </summary>
    [AllowedValues("auto", "http")]
    public string Files { get; init; } = "auto";

    /// <summary>Name that silos of one cluster share. The default value is <c>etr</c>.</summary>
    [RegularExpression("^[A-Za-z0-9-]{1,64}$")]
    public string ClusterId { get; init; } = "etr";

    /// <summary>TCP port of the silo; 0 takes a free one once and keeps it. The default value is 0.</summary>
    [Range(0, 65535)]
    public int SiloPort { get; init; }

    /// <summary>TCP port for clients outside the cluster; 0 takes a free one once and keeps it. The default value is 0.</summary>
    [Range(0, 65535)]
    public int GatewayPort { get; init; }

    /// <summary>TCP port of the embedded store; 0 takes a free one once and keeps it. The default value is 0.</summary>
    [Range(0, 65535)]
    public int StorePort { get; init; }
}
