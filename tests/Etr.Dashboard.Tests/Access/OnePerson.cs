using System.Security.Claims;
using Etr.Dashboard.Access;
using Microsoft.AspNetCore.Components.Authorization;

namespace Etr.Dashboard.Tests.Access;

/// <summary>A circuit's person, whom nobody looks at again.</summary>
internal sealed class OnePerson(ClaimsPrincipal person) : AuthenticationStateProvider
{
    public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(person));
}

/// <summary>An audit as a list of lines.</summary>
internal sealed class ListedAudit(List<string> lines) : IAuditLog
{
    public void Note(ClaimsPrincipal person, string action, string target, string outcome) => lines.Add($"{person.Identity!.Name} {action} {target}: {outcome}");
}
