using System.Globalization;
using Etr.Silo.Hosting;

namespace Etr.Silo.Files;

/// <summary>
/// <c>/files/{run}/…</c>: what other silos fetch from this one, by range where they like. Only names that a manifest lists or
/// that are a hash are looked up, so a request never becomes a path.
/// </summary>
internal static class FileEndpoints
{
    private const string Root = "/files";

    /// <summary>The address of a sealed group's body.</summary>
    public static string GroupPath(string run, string sha256) => $"{Root}/{Uri.EscapeDataString(run)}/groups/{sha256}";

    /// <summary>The address of a step's sampler–learner gaps.</summary>
    public static string GapsPath(string run, string sha256) => $"{Root}/{Uri.EscapeDataString(run)}/gaps/{sha256}";

    /// <summary>The address of a data file.</summary>
    public static string DataPath(string run, string name) => $"{Root}/{Uri.EscapeDataString(run)}/data/{Uri.EscapeDataString(name)}";

    /// <summary>The address of a file of a policy version.</summary>
    public static string PolicyPath(string run, long version, string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{Root}/{Uri.EscapeDataString(run)}/policy/{version}/{Uri.EscapeDataString(name)}");

    /// <summary>Maps them.</summary>
    public static void MapEtrFiles(this WebApplication app)
    {
        BearerSecret? secret = app.Services.GetRequiredService<SiloPlan>().Settings.Host.Cluster.Secret is { Length: > 0 } known ? new BearerSecret(known) : null;
        // They ask for the cluster's secret and not for the dashboard's keys.
        RouteGroupBuilder files = app.MapGroup(Root).AllowAnonymous();
        files.AddEndpointFilter((context, next) => secret?.IsIn(context.HttpContext.Request) is not false ? next(context) : ValueTask.FromResult<object?>(Results.Unauthorized()));
        files.MapGet("/{run}/groups/{sha256}", (string run, string sha256, LocalFiles local) =>
            local.FindGroup(run, sha256) is { } path ? Results.File(path, enableRangeProcessing: true) : Results.NotFound());
        files.MapGet("/{run}/gaps/{sha256}", (string run, string sha256, LocalFiles local) =>
            local.FindGaps(run, sha256) is { } path ? Results.File(path, enableRangeProcessing: true) : Results.NotFound());
        files.MapGet("/{run}/data/{name}", (string run, string name, LocalFiles local) =>
            local.FindData(run, name) is { } path ? Results.File(path, enableRangeProcessing: true) : Results.NotFound());
        files.MapGet("/{run}/policy/{version:long}/{name}", async (string run, long version, string name, LocalFiles local, CancellationToken aborted) =>
            await local.FindPolicyAsync(run, version, name, aborted) is { } path ? Results.File(path, enableRangeProcessing: true) : Results.NotFound());
    }
}
