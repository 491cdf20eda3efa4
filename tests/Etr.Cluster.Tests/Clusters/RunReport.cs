using System.Text.Json;

namespace Etr.Cluster.Tests.Clusters;

/// <summary>What <c>etr run status --json</c> says, as scripts read it.</summary>
internal sealed record RunReport(
    string Run, string State, string Reason, int Step, int Version, GroupsReport Groups, SiloReport[] Silos, SamplerReport[] Samplers, WaitReport[] Waits)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true };

    /// <summary>Reads it; every field has to be there.</summary>
    public static RunReport Read(string json) => JsonSerializer.Deserialize<RunReport>(json, Options)!;
}

/// <summary>The ledger.</summary>
internal sealed record GroupsReport(long Created, long Consumed, long Stale, long Cancelled, long Open);

/// <summary>A silo.</summary>
internal sealed record SiloReport(string Name, string[] Roles, string State);

/// <summary>A sampler.</summary>
internal sealed record SamplerReport(string Id, double TokensPerSecond, int Slots, int Busy);

/// <summary>A wait.</summary>
internal sealed record WaitReport(string Who, string What, DateTimeOffset Since, DateTimeOffset Deadline);
