using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace Etr.Dashboard.Access;

/// <summary>
/// Begins sessions and tells whether one still stands: it ends after twelve hours, however busy, and with the key or the provider that it
/// came by. A cookie and an open circuit carry what this needs to tell.
/// </summary>
internal sealed class Sessions(AccessOptions options, TimeProvider time)
{
    /// <summary>How long a session lasts from its sign-in.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromHours(12);

    private const string By = "etr-by";
    private const string Until = "etr-until";

    private readonly string? _operatorKey = OfKey(options.OperatorKey, AccessRoles.Operator);
    private readonly string? _viewerKey = OfKey(options.ViewerKey, AccessRoles.Viewer);
    private readonly string? _provider = OfProvider(options.OpenId);

    /// <summary>A session of who brought a key.</summary>
    /// <param name="name">How the audit names them.</param>
    /// <param name="role">What the key makes them.</param>
    /// <param name="scheme">How they are known.</param>
    public ClaimsPrincipal ByKey(string name, string role, string scheme) => Begin(name, role, scheme, role == AccessRoles.Operator ? _operatorKey : _viewerKey);

    /// <summary>A session of whom the provider knows.</summary>
    /// <inheritdoc cref="ByKey" path="/param"/>
    public ClaimsPrincipal ByProvider(string name, string role, string scheme) => Begin(name, role, scheme, _provider);

    /// <summary>Whether a person's session stands.</summary>
    public bool Stands(ClaimsPrincipal person)
    {
        if (options.IsOpen)
            return true;
        string by = person.FindFirst(By)?.Value ?? "";
        string? key = AccessRoles.MayAct(person) ? _operatorKey : _viewerKey;
        return by.Length > 0 && (by == key || by == _provider)
            && long.TryParse(person.FindFirst(Until)?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out long until)
            && time.GetUtcNow().ToUnixTimeSeconds() < until;
    }

    private ClaimsPrincipal Begin(string name, string role, string scheme, string? by)
    {
        string until = (time.GetUtcNow() + Length).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        ClaimsPrincipal person = AccessRoles.Person(name, role, scheme);
        ((ClaimsIdentity)person.Identity!).AddClaims([new Claim(By, by ?? ""), new Claim(Until, until)]);
        return person;
    }

    // Not the key's plain hash: nothing that is kept of a session says anything of the key but to who has it.
    private static string? OfKey(string key, string role) =>
        key.Length == 0 ? null : Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes("etr session " + role)));

    // What a claim means is part of it: a role that means less now must not live on.
    private static string? OfProvider(OpenIdOptions? provider) =>
        provider is null ? null : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            string.Join('\n', "provider", provider.Authority, provider.ClientId, provider.RoleClaim, provider.OperatorRole, provider.ViewerRole))));
}
