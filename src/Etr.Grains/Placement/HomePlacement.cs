using Orleans.Placement;
using Orleans.Runtime.Placement;

namespace Etr.Grains.Placement;

/// <summary>Places a grain on the silo that its key names before the last slash: what it stands for is there and nowhere else.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class HomePlacementAttribute() : PlacementFilterAttribute(new HomePlacementStrategy());

/// <summary>Marks grains that <see cref="HomePlacementDirector"/> places.</summary>
internal sealed class HomePlacementStrategy : PlacementFilterStrategy
{
    public HomePlacementStrategy() : base(order: 0)
    {
    }
}

/// <summary>Leaves the silo whose name is the key's part before the last slash.</summary>
internal sealed class HomePlacementDirector(ISiloStatusOracle silos) : IPlacementFilterDirector
{
    public IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> candidates)
    {
        string key = target.GrainIdentity.Key.ToString()!;
        string name = key[..Math.Max(0, key.LastIndexOf('/'))];
        return candidates.Where(silo => silos.TryGetSiloName(silo, out string? found) && found == name);
    }
}
