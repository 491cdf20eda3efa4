using System.ComponentModel.DataAnnotations;

namespace Etr.Silo.Configuration;

/// <summary><c>Etr:Dashboard</c>: where people and probes look. Host settings: they never change what a run computes.</summary>
public sealed record DashboardSettings
{
    /// <summary>
    /// Whether pages are served; health and metrics are served either way. The default value is true.
    /// </summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Address to listen on; one that is not loopback needs a <see cref="Secret"/>. The default value is <c>127.0.0.1</c>.</summary>
    [Required]
    [RegularExpression("^[A-Za-z0-9.:\\[\\]-]{1,255}$")]
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port; 0 takes a free one. The default value is 5080.</summary>
    [Range(0, 65535)]
    public int Port { get; init; } = 5080;

    /// <summary>
    /// The operator's key, for those who may act: asked for at sign-in, taken as <c>?secret=…</c> once, or as a bearer token. At least 16
    /// characters; where there is neither this nor a provider, nobody has to sign in. The default value is empty.
    /// </summary>
    [RegularExpression("^(.{16,256})?$")]
    public string Secret { get; init; } = "";

    /// <summary>The key of those who may look and not act. At least 16 characters. The default value is empty.</summary>
    [RegularExpression("^(.{16,256})?$")]
    public string ViewerSecret { get; init; } = "";

    /// <summary>Sign-in by OpenID Connect, beside the keys.</summary>
    public OpenIdSettings OpenId { get; init; } = new();

    /// <summary>
    /// Proxies in front of the pages, comma-separated addresses or networks (<c>10.0.0.7,10.1.0.0/24</c>): they are believed who a request
    /// came from and whether by HTTPS (<c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c>), and nobody else is. They need a <see cref="Secret"/>,
    /// a provider or the cluster's secret even on loopback. The default value is empty.
    /// </summary>
    [RegularExpression("^([0-9A-Fa-f.:/]{2,49}(,[0-9A-Fa-f.:/]{2,49}){0,31})?$")]
    public string Proxies { get; init; } = "";

    /// <summary>
    /// Whether Orleans' own dashboard is served at <c>/orleans</c>, for operators: it shows grains and their calls, on every silo that has this
    /// set, and measures each grain call for it. The default value is false.
    /// </summary>
    public bool Orleans { get; init; }

    /// <summary>PEM file of the certificate (with its chain) that pages and files are served with; empty serves plain HTTP. The default value is empty.</summary>
    public string Certificate { get; init; } = "";

    /// <summary>PEM file of the certificate's key; empty where it is in <see cref="Certificate"/>. The default value is empty.</summary>
    public string CertificateKey { get; init; } = "";
}
