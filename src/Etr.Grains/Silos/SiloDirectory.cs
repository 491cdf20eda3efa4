using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Etr.Grains.Silos;

/// <summary>The members of the cluster as this silo sees them, with what they tell of themselves.</summary>
/// <param name="oracle">Membership.</param>
/// <param name="services">Gives the metadata of silos, where the host publishes any.</param>
public sealed class SiloDirectory(ISiloStatusOracle oracle, IServiceProvider services)
{
    private readonly ISiloMetadataCache? _cards = services.GetService<ISiloMetadataCache>();

    /// <summary>Whether silos tell of themselves in this cluster; where they do, one of which nothing is known has not been heard of yet.</summary>
    public bool HasCards => _cards is not null;

    /// <summary>The silos that are active.</summary>
    public IReadOnlyList<Member> Active =>
        [.. oracle.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(Find).OrderBy(member => member.Name, StringComparer.Ordinal)];

    /// <summary>Every silo of which membership has a row that is not dead.</summary>
    public IReadOnlyList<Member> All =>
        [.. oracle.GetApproximateSiloStatuses(onlyActive: false).Where(silo => silo.Value != SiloStatus.Dead).Select(silo => Find(silo.Key)).OrderBy(member => member.Name, StringComparer.Ordinal)];

    /// <summary>What is known of a silo.</summary>
    public Member Find(SiloAddress silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        string name = oracle.TryGetSiloName(silo, out string? found) ? found : silo.ToString();
        return new Member(silo, name, oracle.GetApproximateSiloStatus(silo), SiloCard.Of(_cards?.GetSiloMetadata(silo)));
    }

    /// <summary>A silo.</summary>
    /// <param name="Address">Its address, new with each start of its process.</param>
    /// <param name="Name">Its name, the same after a restart.</param>
    /// <param name="Status">What membership says of it.</param>
    /// <param name="Card">What it tells of itself; null where that is not known (yet).</param>
    public sealed record Member(SiloAddress Address, string Name, SiloStatus Status, SiloCard? Card);
}
