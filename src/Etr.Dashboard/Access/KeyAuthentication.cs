using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Dashboard.Access;

/// <summary>Knows programs by the key that they send as a bearer token, and, where nobody has to sign in, everyone as the local operator.</summary>
internal sealed class KeyAuthentication(
    AccessOptions access, AccessKeys keys, Sessions sessions, FailedSignIns failed, IAuditLog audit, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The scheme's name.</summary>
    public const string Name = "key";

    private const string Bearer = "Bearer ";

    /// <summary>Whether a request brings a key.</summary>
    public static bool IsFor(HttpContext context) => context.Request.Headers.Authorization.ToString().StartsWith(Bearer, StringComparison.Ordinal);

    protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(Authenticate());

    private AuthenticateResult Authenticate()
    {
        if (access.IsOpen)
            return Success(AccessRoles.Person("local", AccessRoles.Operator, Scheme.Name));
        // What is open to all may ask for a key of its own, which is none of these and no guess at one.
        if (!IsFor(Context) || Context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null)
            return AuthenticateResult.NoResult();
        if (!failed.MayTry(Context.Connection.RemoteIpAddress))
            return AuthenticateResult.Fail("too many wrong keys");
        if (keys.RoleOf(Request.Headers.Authorization.ToString()[Bearer.Length..]) is { } role)
            return Success(sessions.ByKey(role + " key", role, Scheme.Name));
        failed.Note(Context.Connection.RemoteIpAddress);
        audit.NoteWrongKey(Context.Connection.RemoteIpAddress, "bearer");
        return AuthenticateResult.Fail("a wrong key");
    }

    private AuthenticateResult Success(ClaimsPrincipal person) => AuthenticateResult.Success(new AuthenticationTicket(person, Scheme.Name));
}
