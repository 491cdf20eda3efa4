using System.Text.Json;
using Etr.Grains.Silos;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Etr.Silo.Health;

/// <summary><c>/healthz</c> says that the process lives, <c>/readyz</c> that it can do its work.</summary>
internal static class HealthEndpoints
{
    private const string Ready = "ready";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Registers what <c>/readyz</c> asks.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="roles">The silo's roles: a silo that samples is ready once its pool has a sampler.</param>
    public static IServiceCollection AddEtrHealth(this IServiceCollection services, SiloRoles roles)
    {
        IHealthChecksBuilder checks = services.AddHealthChecks()
            .AddCheck<MemberCheck>("member", tags: [Ready], timeout: Patience)
            .AddCheck<StoreCheck>("store", tags: [Ready], timeout: Patience);
        if (roles.HasFlag(SiloRoles.Sampler))
            checks.AddCheck<SamplerCheck>("sampler", tags: [Ready], timeout: Patience);
        return services;
    }

    /// <summary>Maps both.</summary>
    public static void MapEtrHealth(this WebApplication app)
    {
        app.MapHealthChecks("/healthz", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync }).AllowAnonymous();
        app.MapHealthChecks("/readyz", new HealthCheckOptions { Predicate = c => c.Tags.Contains(Ready), ResponseWriter = WriteAsync });
    }

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(new
        {
            status = report.Status.ToString(),
            checks = report.Entries.ToDictionary(e => e.Key, e => new { status = e.Value.Status.ToString(), e.Value.Description }),
        }));
    }
}
