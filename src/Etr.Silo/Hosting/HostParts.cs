namespace Etr.Silo.Hosting;

/// <summary>What a process offers beyond a bare silo.</summary>
internal sealed record HostParts
{
    /// <summary>Adds to the silo.</summary>
    public Action<ISiloBuilder> Silo { get; init; } = static _ => { };

    /// <summary>Adds services.</summary>
    public Action<IServiceCollection> Services { get; init; } = static _ => { };

    /// <summary>Adds endpoints.</summary>
    public Action<WebApplication> Web { get; init; } = static _ => { };
}
