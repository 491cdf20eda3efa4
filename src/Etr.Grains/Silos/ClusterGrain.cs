using Orleans.Concurrency;

namespace Etr.Grains.Silos;

/// <inheritdoc cref="IClusterGrain"/>
[StatelessWorker]
internal sealed class ClusterGrain(SiloDirectory silos) : Grain, IClusterGrain
{
    private const int MostMembers = 100;

    public async Task<IReadOnlyList<MemberLife>> GetMembersAsync()
    {
        MembershipEntry[] entries = await GrainFactory.GetGrain<IManagementGrain>(0).GetDetailedHosts(onlyActive: false);
        return entries.OrderBy(entry => entry.StartTime).TakeLast(MostMembers).Select(MemberLife.Of).ToArray();
    }

    public Task<IReadOnlyList<SiloStatusLine>> GetSilosAsync() => Task.FromResult<IReadOnlyList<SiloStatusLine>>(
    [
        .. silos.All.Select(silo => new SiloStatusLine(
            silo.Name,
            silo.Card?.Roles ?? SiloRoles.None,
            silo.Status.ToString().ToLowerInvariant(),
            silo.Card?.Url ?? "",
            silo.Card?.Devices ?? [],
            silo.Card?.Version ?? "",
            silo.Address.ToString())),
    ]);
}
