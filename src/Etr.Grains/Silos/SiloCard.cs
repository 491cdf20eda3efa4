using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Etr.Grains.Silos;

/// <summary>What a silo tells every other about itself: published as Orleans silo metadata, fixed for the life of its process.</summary>
public sealed record SiloCard
{
    private const string RolesKey = "etr.roles";
    private const string DevicesKey = "etr.devices";
    private const string UrlKey = "etr.url";
    private const string VersionKey = "etr.version";

    /// <summary>Its roles.</summary>
    public required SiloRoles Roles { get; init; }

    /// <summary>Its devices, such as <c>cpu</c> or <c>cuda:0</c>; none without the role of a sampler.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    /// <summary>Where it serves files, health and metrics (and pages, with the role); empty where nowhere.</summary>
    public string Url { get; init; } = "";

    /// <summary>The program's version.</summary>
    public string Version { get; init; } = "";

    /// <summary>As metadata.</summary>
    public Dictionary<string, string> ToMetadata() => new(StringComparer.Ordinal)
    {
        [RolesKey] = SiloRolesText.Format(Roles),
        [DevicesKey] = string.Join(',', Devices),
        [UrlKey] = Url,
        [VersionKey] = Version,
    };

    /// <summary>Reads metadata; null where the silo published none, or it is not known yet.</summary>
    public static SiloCard? Of(SiloMetadata? metadata) =>
        metadata?.Metadata.GetValueOrDefault(RolesKey) is { } roles && SiloRolesText.TryParse(roles, out SiloRoles parsed)
            ? new SiloCard
            {
                Roles = parsed,
                Devices = (metadata.Metadata.GetValueOrDefault(DevicesKey) ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries),
                Url = metadata.Metadata.GetValueOrDefault(UrlKey) ?? "",
                Version = metadata.Metadata.GetValueOrDefault(VersionKey) ?? "",
            }
            : null;
}
