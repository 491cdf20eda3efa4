using System.Security.Claims;
using Etr.Dashboard.Access;

namespace Etr.Dashboard.Tests.Access;

public sealed class OpenIdRolesTests
{
    private static readonly OpenIdOptions Provider = new() { Authority = "https://login.example.org", ClientId = "etr" };

    [Theory]
    [InlineData("etr-operator", "", "operator")]
    [InlineData("someone-else", "", "viewer")]
    [InlineData("someone-else", "etr-viewer", null)]
    [InlineData("etr-viewer", "etr-viewer", "viewer")]
    public void A_claim_says_what_a_person_may(string claim, string viewerRole, string? role)
    {
        var person = new ClaimsPrincipal(new ClaimsIdentity([new Claim("roles", "other"), new Claim("roles", claim)], "test"));
        Assert.Equal(role, AccessExtensions.RoleOf(person, Provider with { ViewerRole = viewerRole }));
    }
}
