using System.Net;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Etr.Dashboard.Access;

/// <summary><c>/sign-in</c> and <c>/sign-out</c>: plain forms, without a script.</summary>
internal static class SignInEndpoints
{
    /// <summary>Where one signs in.</summary>
    public const string Path = "/sign-in";

    /// <summary>Where one signs out.</summary>
    public const string Out = "/sign-out";

    /// <summary>Maps them. They are open to all, or nobody could come in.</summary>
    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet(Path, (HttpContext context, AccessOptions options, string? to) => Page(context, options, to, "")).AllowAnonymous();
        endpoints.MapPost(Path, SignInAsync).AllowAnonymous();
        endpoints.MapGet(Path + "/openid", IResult (AccessOptions options, string? to) => options.OpenId is null ? TypedResults.NotFound() : TypedResults.Challenge(
            new AuthenticationProperties { RedirectUri = Local(to) }, [OpenIdConnectDefaults.AuthenticationScheme])).AllowAnonymous();
        endpoints.MapPost(Out, async (HttpContext context, IAntiforgery antiforgery, IAuditLog audit) =>
        {
            await antiforgery.ValidateRequestAsync(context);
            audit.Note(context.User, "sign-out", "", "done");
            await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
            return TypedResults.LocalRedirect("/");
        }).AllowAnonymous();
    }

    /// <summary>A path on this server; the first page where it is none.</summary>
    public static string Local(string? to) => to is ['/', ..] && !to.StartsWith("//", StringComparison.Ordinal) && !to.StartsWith("/\\", StringComparison.Ordinal) && !to.Any(char.IsControl) ? to : "/";

    private static async Task<IResult> SignInAsync(
        HttpContext context, AccessOptions options, AccessKeys keys, Sessions sessions, FailedSignIns failed, IAuditLog audit, [FromForm] string? key, [FromForm] string? to)
    {
        IPAddress? address = context.Connection.RemoteIpAddress;
        if (!failed.MayTry(address))
        {
            context.Response.Headers.RetryAfter = "60";
            return Page(context, options, to, $"More than {FailedSignIns.PerMinute} wrong keys came from your address within a minute: wait for one, and try again.", StatusCodes.Status429TooManyRequests);
        }

        if (keys.RoleOf(key ?? "") is not { } role)
        {
            failed.Note(address);
            audit.NoteWrongKey(address, "form");
            return Page(context, options, to, "That is not a key of this dashboard.", StatusCodes.Status401Unauthorized);
        }

        var person = sessions.ByKey($"{role} key from {address}", role, CookieAuthenticationDefaults.AuthenticationScheme);
        audit.Note(person, "sign-in", "", "done");
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, person);
        return TypedResults.LocalRedirect(Local(to));
    }

    private static RazorComponentResult<SignInPage> Page(HttpContext context, AccessOptions options, string? to, string problem, int status = StatusCodes.Status200OK)
    {
        AccessHeaders.Add(context.Response);
        return new RazorComponentResult<SignInPage>(new Dictionary<string, object?>
        {
            [nameof(SignInPage.To)] = Local(to),
            [nameof(SignInPage.Problem)] = problem,
            [nameof(SignInPage.TakesKeys)] = options.OperatorKey.Length > 0 || options.ViewerKey.Length > 0,
            [nameof(SignInPage.Provider)] = options.OpenId is { } provider && Uri.TryCreate(provider.Authority, UriKind.Absolute, out Uri? authority) ? authority.Host : "",
        })
        { StatusCode = status };
    }
}
