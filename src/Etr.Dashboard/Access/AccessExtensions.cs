using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Etr.Dashboard.Access;

/// <summary>Puts sign-in before everything that a host serves.</summary>
public static class AccessExtensions
{
    private const string Scheme = "etr";

    /// <summary>Registers authentication and the rule that every endpoint without another asks for a viewer.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="options">Who may come in.</param>
    public static IServiceCollection AddEtrAccess(this IServiceCollection services, AccessOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        services.AddSingleton(options).AddSingleton<AccessKeys>().AddSingleton<FailedSignIns>().AddSingleton<IAuditLog, AuditLog>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<Sessions>().AddScoped<AuthenticationStateProvider, CircuitPeople>();
        services.AddAntiforgery(antiforgery => (antiforgery.Cookie.Name, antiforgery.Cookie.SecurePolicy) = (NameOf("etr-form", options), CookieSecurePolicy.SameAsRequest));
        AuthenticationBuilder authentication = services.AddAuthentication(Scheme)
            .AddPolicyScheme(Scheme, null, scheme => scheme.ForwardDefaultSelector = context =>
                options.IsOpen || KeyAuthentication.IsFor(context) ? KeyAuthentication.Name : CookieAuthenticationDefaults.AuthenticationScheme)
            .AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(KeyAuthentication.Name, null)
            .AddCookie(cookie => Configure(cookie, options));
        if (options.OpenId is { } provider)
            authentication.AddOpenIdConnect(openId => Configure(openId, provider));
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireRole(AccessRoles.Viewer, AccessRoles.Operator).Build());
        services.AddCascadingAuthenticationState();
        return services;
    }

    /// <summary>Lets in who may come in, trades <c>?secret=…</c> for a cookie, and maps the pages to sign in and out.</summary>
    public static WebApplication UseEtrAccess(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseProxies(app.Services.GetRequiredService<AccessOptions>().Proxies);
        app.UseRouting();
        app.UseMiddleware<KeyInAddress>();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseAntiforgery();
        app.MapSignIn();
        return app;
    }

    /// <summary>Lets operators alone use endpoints.</summary>
    public static T RequireOperator<T>(this T endpoints)
        where T : IEndpointConventionBuilder => endpoints.RequireAuthorization(policy => policy.RequireRole(AccessRoles.Operator));

    private static string NameOf(string cookie, AccessOptions options) => options.Id.Length > 0 ? $"{cookie}-{options.Id}" : cookie;

    private static void Configure(CookieAuthenticationOptions cookie, AccessOptions options)
    {
        cookie.Cookie.Name = NameOf("etr", options);
        cookie.Cookie.HttpOnly = true;
        cookie.Cookie.SameSite = SameSiteMode.Lax;
        cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        cookie.ExpireTimeSpan = Sessions.Length;
        cookie.SlidingExpiration = false;
        cookie.LoginPath = SignInEndpoints.Path;
        cookie.ReturnUrlParameter = "to";
        cookie.Events.OnValidatePrincipal = context =>
        {
            if (context.Principal is not { } person || !context.HttpContext.RequestServices.GetRequiredService<Sessions>().Stands(person))
                context.RejectPrincipal();
            return Task.CompletedTask;
        };
        cookie.Events.OnRedirectToAccessDenied = context =>
        {
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        };
        cookie.Events.OnRedirectToLogin = context =>
        {
            // A page can show a form; a program wants to be told.
            if (context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
                context.Response.Redirect(context.RedirectUri);
            else
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Task.CompletedTask;
        };
    }

    private static void Configure(OpenIdConnectOptions openId, OpenIdOptions provider)
    {
        openId.SignInScheme = CookieAuthenticationDefaults.AuthenticationScheme;
        openId.Authority = provider.Authority;
        openId.ClientId = provider.ClientId;
        openId.ClientSecret = provider.ClientSecret.Length > 0 ? provider.ClientSecret : null;
        // The answer comes in an address and not in a form from elsewhere, so that no cookie need be sent across sites.
        (openId.ResponseType, openId.ResponseMode) = ("code", "query");
        foreach (CookieBuilder cookie in (CookieBuilder[])[openId.CorrelationCookie, openId.NonceCookie])
            (cookie.SameSite, cookie.SecurePolicy) = (SameSiteMode.Lax, CookieSecurePolicy.SameAsRequest);
        openId.UsePkce = true;
        openId.MapInboundClaims = false;
        openId.SaveTokens = false;
        openId.CallbackPath = "/sign-in/openid/back";
        openId.RequireHttpsMetadata = !(Uri.TryCreate(provider.Authority, UriKind.Absolute, out Uri? authority) && authority.IsLoopback);
        openId.TokenValidationParameters.NameClaimType = "name";
        openId.TokenValidationParameters.RoleClaimType = ClaimTypes.Role;
        openId.Events.OnTokenValidated = context =>
        {
            ClaimsPrincipal person = context.Principal!;
            if (RoleOf(person, provider) is not { } role)
            {
                context.Fail($"this account has no part here: its claim '{provider.RoleClaim}' names no role of Etr");
                return Task.CompletedTask;
            }

            string name = person.FindFirst("name")?.Value ?? person.FindFirst("preferred_username")?.Value ?? person.FindFirst("sub")?.Value ?? "unknown";
            context.Principal = context.HttpContext.RequestServices.GetRequiredService<Sessions>().ByProvider(name, role, CookieAuthenticationDefaults.AuthenticationScheme);
            context.HttpContext.RequestServices.GetRequiredService<IAuditLog>().Note(context.Principal, "sign-in", provider.Authority, "done");
            return Task.CompletedTask;
        };
        openId.Events.OnRemoteFailure = context =>
        {
            context.HandleResponse();
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            context.Response.ContentType = "text/plain; charset=utf-8";
            return context.Response.WriteAsync($"The sign-in failed: {context.Failure?.Message}");
        };
    }

    /// <summary>What a person's claims make them; null where they make them nothing.</summary>
    internal static string? RoleOf(ClaimsPrincipal person, OpenIdOptions provider)
    {
        string[] values = [.. person.FindAll(provider.RoleClaim).Select(claim => claim.Value)];
        if (values.Contains(provider.OperatorRole, StringComparer.Ordinal))
            return AccessRoles.Operator;
        return provider.ViewerRole.Length == 0 || values.Contains(provider.ViewerRole, StringComparer.Ordinal) ? AccessRoles.Viewer : null;
    }
}
