using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Server;
using Microsoft.Extensions.Logging;

namespace Etr.Dashboard.Access;

/// <summary>Who a circuit belongs to, looked at each minute: no request does that, as long as its page stays open.</summary>
internal sealed class CircuitPeople(AccessOptions options, Sessions sessions, ILoggerFactory logger) : RevalidatingServerAuthenticationStateProvider(logger)
{
    /// <inheritdoc/>
    protected override TimeSpan RevalidationInterval => options.CircuitCheck;

    /// <inheritdoc/>
    protected override Task<bool> ValidateAuthenticationStateAsync(AuthenticationState authenticationState, CancellationToken cancellationToken) =>
        Task.FromResult(sessions.Stands(authenticationState.User));
}
