using Etr.Grains.Samplers;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Etr.Silo.Health;

/// <summary>Ready while a sampler can draw.</summary>
internal sealed class SamplerCheck(IGrainFactory grains) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        PoolStatus pool = await grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync().WaitAsync(cancellationToken);
        if (pool.Samplers.Count == 0 && pool.Young)
            return HealthCheckResult.Degraded("the pool has just come up and has not heard of every sampler yet");
        return pool.Samplers.Count > 0
            ? HealthCheckResult.Healthy($"{pool.Samplers.Count} samplers")
            : HealthCheckResult.Unhealthy("no sampler is live");
    }
}
