using Etr.Grains.Silos;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Etr.Grains.Placement;

/// <summary>Places a grain on a silo with a role, as silo metadata tells.</summary>
/// <param name="role">The role.</param>
/// <param name="preferred">Whether another silo will do where none has it.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RolePlacementAttribute(SiloRoles role, bool preferred = false) : PlacementFilterAttribute(new RolePlacementStrategy(role, preferred));

/// <summary>Marks grains that <see cref="RolePlacementDirector"/> places.</summary>
internal sealed class RolePlacementStrategy(SiloRoles role, bool preferred) : PlacementFilterStrategy(order: 0)
{
    private const string RoleProperty = "etr.role";
    private const string PreferredProperty = "etr.role-preferred";

    // For Orleans, which makes one from a grain's properties.
    public RolePlacementStrategy() : this(SiloRoles.None, preferred: false)
    {
    }

    public SiloRoles Role { get; private set; } = role;

    public bool IsPreferred { get; private set; } = preferred;

    public override void AdditionalInitialize(GrainProperties properties)
    {
        if (SiloRolesText.TryParse(GetPlacementFilterGrainProperty(RoleProperty, properties) ?? "none", out SiloRoles found))
            Role = found;
        IsPreferred = GetPlacementFilterGrainProperty(PreferredProperty, properties) == bool.TrueString;
    }

    protected override IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
        IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) =>
        [new(RoleProperty, SiloRolesText.Format(Role)), new(PreferredProperty, IsPreferred.ToString())];
}

/// <summary>
/// Leaves the silos that have the role; where it is only preferred and none has it, all of them. A silo of which nothing is known
/// yet, as of all others right after one's own start, does not count as having it; in a cluster without metadata every silo does.
/// </summary>
internal sealed class RolePlacementDirector(SiloDirectory silos) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> candidates)
    {
        var strategy = (RolePlacementStrategy)filterStrategy;
        SiloDirectory.Member[] members = [.. candidates.Select(silos.Find)];
        SiloDirectory.Member[] fitting = silos.HasCards
            ? [.. members.Where(member => member.Card is { } card && card.Roles.HasFlag(strategy.Role))]
            : members;
        return (fitting.Length == 0 && strategy.IsPreferred ? members : fitting).Select(member => member.Address);
    }
}
