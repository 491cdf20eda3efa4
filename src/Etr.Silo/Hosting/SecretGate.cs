using System.Security.Cryptography;
using System.Text;

namespace Etr.Silo.Hosting;

/// <summary>
/// Lets in who knows the secret: as a bearer token, or once as <c>?secret=…</c>, which is traded for a cookie so that the
/// secret doesn't stay in addresses. <c>/healthz</c> is open: it tells nothing.
/// </summary>
internal sealed class SecretGate(RequestDelegate next, string secret)
{
    private const string Cookie = "etr";
    private readonly byte[] _expected = SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>Answers a request or passes it on.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        string? bearer = request.Headers.Authorization.ToString() is { } header && header.StartsWith("Bearer ", StringComparison.Ordinal) ? header[7..] : null;
        if (request.Path == "/healthz" || Matches(bearer) || MatchesCookie(request.Cookies[Cookie]))
            return next(context);
        if (!Matches(request.Query["secret"]))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return context.Response.WriteAsync("Open this address once with ?secret=... (Etr:Dashboard:Secret), or send it as a bearer token.");
        }

        context.Response.Cookies.Append(Cookie, Convert.ToHexString(_expected), new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict });
        context.Response.Redirect(request.PathBase + request.Path);
        return Task.CompletedTask;
    }

    private bool Matches(string? candidate) =>
        candidate is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(candidate)), _expected);

    private bool MatchesCookie(string? candidate) =>
        candidate is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(candidate), Encoding.UTF8.GetBytes(Convert.ToHexString(_expected)));
}
