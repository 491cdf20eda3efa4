using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Etr.Dashboard.Access;

/// <summary>Trades <c>?secret=…</c> in an address for a cookie, so that a link opens a page and the key does not stay in addresses.</summary>
internal sealed class KeyInAddress(RequestDelegate next, AccessOptions options, AccessKeys keys, FailedSignIns failed, IAuditLog audit)
{
    private const string Parameter = "secret";

    /// <summary>Answers a request or passes it on.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (options.IsOpen || !HttpMethods.IsGet(request.Method) || !request.Query.TryGetValue(Parameter, out var key))
        {
            await next(context);
            return;
        }

        if (failed.MayTry(context.Connection.RemoteIpAddress) && keys.RoleOf(key.ToString()) is { } role)
        {
            ClaimsPrincipal person = AccessRoles.Person($"{role} key from {context.Connection.RemoteIpAddress}", role, CookieAuthenticationDefaults.AuthenticationScheme);
            audit.Note(person, "sign-in", "", "done");
            await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, person);
        }
        else
        {
            failed.Note(context.Connection.RemoteIpAddress);
        }

        var rest = new QueryBuilder(request.Query.Where(pair => pair.Key != Parameter).SelectMany(pair => pair.Value, (pair, value) => KeyValuePair.Create(pair.Key, value ?? "")));
        context.Response.Redirect(request.PathBase + request.Path + rest.ToQueryString());
    }
}
