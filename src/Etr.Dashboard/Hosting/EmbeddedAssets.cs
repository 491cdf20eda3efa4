using System.Collections.Frozen;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace Etr.Dashboard.Hosting;

/// <summary>
/// Style sheet and scripts, carried in this assembly: a static-asset manifest would tie the dashboard to the way its host
/// was built and started.
/// </summary>
internal sealed class EmbeddedAssets
{
    private static readonly string[] Prefixes = ["assets/", "_framework/"];

    private readonly FrozenDictionary<string, Asset> _assets;

    public EmbeddedAssets()
    {
        var assembly = typeof(EmbeddedAssets).Assembly;
        _assets = assembly.GetManifestResourceNames()
            .Select(name => name.Replace('\\', '/'))
            .Where(name => Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            .ToFrozenDictionary(name => name, name => Load(assembly.GetManifestResourceStream(name)!, name), StringComparer.Ordinal);
    }

    /// <summary>Serves every asset under its own name, to all: the page to sign in wears them too.</summary>
    public void Map(IEndpointRouteBuilder endpoints)
    {
        foreach (var (path, asset) in _assets)
        {
            endpoints.MapGet("/" + path, (HttpContext context) =>
            {
                // Revalidated on each use: an asset of another version never meets this version's pages.
                context.Response.Headers.CacheControl = "no-cache";
                context.Response.Headers.XContentTypeOptions = "nosniff";
                return Results.File(asset.Bytes, asset.ContentType, entityTag: asset.Tag);
            }).ExcludeFromDescription().AllowAnonymous();
        }
    }

    private static Asset Load(Stream stream, string name)
    {
        using (stream)
        {
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes)[..12])}\"");
            return new Asset(bytes, ContentTypeOf(name), tag);
        }
    }

    private static string ContentTypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };

    private sealed record Asset(byte[] Bytes, string ContentType, EntityTagHeaderValue Tag);
}
