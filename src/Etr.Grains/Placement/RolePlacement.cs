using Etr.Grains.Silos;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Etr.Grains.Placement;

/// <summary>Places a grain on a silo with a role, as silo metadata tells.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RolePlacementAttribute(SiloRoles role) : PlacementFilterAttribute(new RolePlacementStrategy(role));

/// <summary>Marks grains that <see cref="RolePlacementDirector"/> places.</summary>
internal sealed class RolePlacementStrategy(SiloRoles role) : PlacementFilterStrategy(order: 0)
{
    private const string RoleProperty = "etr.role";

    // For Orleans, which makes one from a grain's properties.
    public RolePlacementStrategy() : this(SiloRoles.None)
    {
    }

    public SiloRoles Role { get; private set; } = role;

    public override void AdditionalInitialize(GrainProperties properties)
    {
        if (SiloRolesText.TryParse(GetPlacementFilterGrainProperty(RoleProperty, properties) ?? "none", out SiloRoles found))
            Role = found;
    }

    protected override IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) =>
        [new(RoleProperty, SiloRolesText.Format(Role))];
}

/// <summary>
/// Leaves the silos that have the role. One that has not told of its roles yet is left only where no silo of the cluster tells
/// of any, as in a cluster without metadata.
/// </summary>
internal sealed class RolePlacementDirector(SiloDirectory silos) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> candidates)
    {
        SiloRoles role = ((RolePlacementStrategy)filterStrategy).Role;
        SiloDirectory.Member[] members = [.. candidates.Select(silos.Find)];
        return members.All(member => member.Card is null)
            ? members.Select(member => member.Address)
            : members.Where(member => member.Card is { } card && card.Roles.HasFlag(role)).Select(member => member.Address);
    }
}
