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
