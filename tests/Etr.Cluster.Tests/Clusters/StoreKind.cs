namespace Etr.Cluster.Tests.Clusters;

/// <summary>What a cluster keeps its state in.</summary>
public enum StoreKind
{
    /// <summary>Garnet in a silo that does nothing else.</summary>
    Embedded,

    /// <summary>Debian's redis-server with an append-only file.</summary>
    Redis,
}
