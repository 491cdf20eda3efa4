using System.Security.Claims;

namespace Etr.Dashboard.Access;

/// <summary>What people may.</summary>
internal static class AccessRoles
{
    /// <summary>May look.</summary>
    public const string Viewer = "viewer";

    /// <summary>May look and act.</summary>
    public const string Operator = "operator";

    /// <summary>Whether a person may act.</summary>
    public static bool MayAct(ClaimsPrincipal person) => person.IsInRole(Operator);

    /// <summary>A person by name and role.</summary>
    /// <param name="name">How the audit names them.</param>
    /// <param name="role">One of the two.</param>
    /// <param name="scheme">How they are known.</param>
    public static ClaimsPrincipal Person(string name, string role, string scheme) =>
        new(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), new Claim(ClaimTypes.Role, role)], scheme));
}
