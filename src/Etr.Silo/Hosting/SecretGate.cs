namespace Etr.Silo.Hosting;

/// <summary>
/// Lets in who knows the secret: as a bearer token, or once as <c>?secret=…</c>, which is traded for a cookie so that the
/// secret doesn't stay in addresses. <c>/healthz</c> is open: it tells nothing.
/// </summary>
internal sealed class SecretGate(RequestDelegate next, string secret)
{
    private const string Cookie = "etr";
    private readonly BearerSecret _secret = new(secret);

    /// <summary>Answers a request or passes it on.</summary>
    public Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (request.Path == "/healthz" || _secret.IsIn(request) || _secret.IsToken(request.Cookies[Cookie]))
            return next(context);
        if (!_secret.Is(request.Query["secret"]))
        {
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return context.Response.WriteAsync("Open this address once with ?secret=... (Etr:Dashboard:Secret), or send it as a bearer token.");
        }

        context.Response.Cookies.Append(Cookie, _secret.Token, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict });
        context.Response.Redirect(request.PathBase + request.Path);
        return Task.CompletedTask;
    }
}
