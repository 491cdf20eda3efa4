using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Etr.Silo.Health;

/// <summary>Ready while this silo is an active member of its cluster.</summary>
internal sealed class MemberCheck(ISiloStatusOracle membership) : IHealthCheck
{
    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(membership.CurrentStatus == SiloStatus.Active
            ? HealthCheckResult.Healthy("active member")
            : HealthCheckResult.Unhealthy($"the silo is {membership.CurrentStatus}"));
}
