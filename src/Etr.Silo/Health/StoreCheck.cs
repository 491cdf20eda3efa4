using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace Etr.Silo.Health;

/// <summary>Ready while the store answers.</summary>
internal sealed class StoreCheck(IConnectionMultiplexer store) : IHealthCheck
{
    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            TimeSpan latency = await store.GetDatabase().PingAsync().WaitAsync(cancellationToken);
            return HealthCheckResult.Healthy($"answers in {latency.TotalMilliseconds:0.0} ms");
        }
        catch (RedisException e)
        {
            return HealthCheckResult.Unhealthy("the store does not answer", e);
        }
    }
}
