using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Etr.Dashboard.Access;

/// <summary>Trades <c>?secret=…</c> in an address for a cookie, so that a link opens a page and the key does not stay in addresses.</summary>
internal sealed class KeyInAddress(RequestDelegate next, AccessOptions options, AccessKeys keys, Sessions sessions, FailedSignIns failed, IAuditLog audit)
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

        IPAddress? address = context.Connection.RemoteIpAddress;
        if (failed.MayTry(address))
            await TryAsync(context, key.ToString(), address);

        var rest = new QueryBuilder(request.Query.Where(pair => pair.Key != Parameter).SelectMany(pair => pair.Value, (pair, value) => KeyValuePair.Create(pair.Key, value ?? "")));
        // A path that begins with two slashes is another server to a browser.
        context.Response.Redirect(SignInEndpoints.Local(request.PathBase + request.Path + rest.ToQueryString()));
    }

    private async Task TryAsync(HttpContext context, string key, IPAddress? address)
    {
        if (keys.RoleOf(key) is not { } role)
        {
            failed.Note(address);
            audit.NoteWrongKey(address, "address");
            return;
        }

        ClaimsPrincipal person = sessions.ByKey($"{role} key from {address}", role, CookieAuthenticationDefaults.AuthenticationScheme);
        audit.Note(person, "sign-in", "", "done");
        await context.SignInAsync(CookieAuthenticationDefaults.AuthenticationScheme, person);
    }
}
