using Microsoft.AspNetCore.Http;

namespace Etr.Dashboard.Access;

/// <summary>What every page says of itself to the browser.</summary>
internal static class AccessHeaders
{
    // Everything comes from this server: text from models could ask for nothing else even if an encoding were forgotten.
    private const string Policy =
        "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; " +
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    /// <summary>Adds it.</summary>
    public static void Add(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
    }
}
