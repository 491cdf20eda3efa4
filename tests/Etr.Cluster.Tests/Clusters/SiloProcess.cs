namespace Etr.Cluster.Tests.Clusters;

/// <summary>A silo in a process of its own.</summary>
/// <param name="Process">The process.</param>
/// <param name="ReadyLine">The line by which it said that it is a member.</param>
/// <param name="Arguments">What it was started with.</param>
internal sealed record SiloProcess(ChildProcess Process, string ReadyLine, IReadOnlyList<string> Arguments)
{
    /// <summary>Its name.</summary>
    public string Name => Field("silo");

    /// <summary>Its roles.</summary>
    public string Roles => Field("roles");

    /// <summary>What others join.</summary>
    public string Join => Field("join");

    /// <summary>Where its pages are; <c>none</c> without them.</summary>
    public string Dashboard => Field("dashboard");

    private string Field(string name) => ReadyLine.Split(' ').Single(part => part.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];
}
