namespace Etr.Grains.Silos;

/// <summary>The cluster as a client may ask of it. Any silo answers; the key is 0.</summary>
public interface IClusterGrain : IGrainWithIntegerKey
{
    /// <summary>The silos that membership does not call dead, by name.</summary>
    [ResponseTimeout("00:00:10")]
    Task<IReadOnlyList<SiloStatusLine>> GetSilosAsync();

    /// <summary>
    /// Lives of silos by their start, those that are over too, at most the newest 100 and as far as the membership table reaches: Orleans
    /// deletes what has been dead for some days. It reads the table, so it is for now and then.
    /// </summary>
    [ResponseTimeout("00:00:10")]
    Task<IReadOnlyList<MemberLife>> GetMembersAsync();
}

/// <summary>A silo as a list shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Roles">Its roles.</param>
/// <param name="State">What membership says, in lower case: <c>joining</c>, <c>active</c>, <c>shuttingdown</c>, <c>stopping</c>.</param>
/// <param name="Url">Where it serves; empty where unknown.</param>
/// <param name="Devices">Its devices.</param>
/// <param name="Version">The program's version; empty where unknown.</param>
/// <param name="Address">Its address, new with each start of its process; empty where unknown.</param>
[GenerateSerializer, Immutable, Alias("etr.silo-status-line")]
public sealed record SiloStatusLine(
    [property: Id(0)] string Name,
    [property: Id(1)] SiloRoles Roles,
    [property: Id(2)] string State,
    [property: Id(3)] string Url,
    [property: Id(4)] IReadOnlyList<string> Devices,
    [property: Id(5)] string Version,
    [property: Id(6)] string Address = "");
