using System.Net;

namespace Etr.Dashboard.Access;

/// <summary>Who may see the dashboard and who may act.</summary>
public sealed record AccessOptions
{
    /// <summary>The key of those who may act: shown once at sign-in, or sent as a bearer token. Empty where nobody has one.</summary>
    public string OperatorKey { get; init; } = "";

    /// <summary>The key of those who may only look; empty where nobody has one.</summary>
    public string ViewerKey { get; init; } = "";

    /// <summary>A provider of identities beside the keys; null where there is none.</summary>
    public OpenIdOptions? OpenId { get; init; }

    /// <summary>File that gets a line for each action and sign-in; empty writes them to the log alone.</summary>
    public string AuditFile { get; init; } = "";

    /// <summary>
    /// The proxies in front of this host, whose <c>X-Forwarded-For</c> and <c>X-Forwarded-Proto</c> are believed; empty where there is none.
    /// </summary>
    public IReadOnlyList<IPNetwork> Proxies { get; init; } = [];

    /// <summary>
    /// Tells this host's cookies from those of another on the same machine, since a browser sends cookies to every port. Letters, digits
    /// and hyphens; empty for none.
    /// </summary>
    public string Id { get; init; } = "";

    /// <summary>Time between two looks at whether an open circuit's session stands. The default value is a minute.</summary>
    internal TimeSpan CircuitCheck { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether whoever reaches the port is an operator: where nobody has to sign in. For loopback alone.</summary>
    public bool IsOpen => OperatorKey.Length == 0 && ViewerKey.Length == 0 && OpenId is null;
}

/// <summary>Sign-in by OpenID Connect, authorisation code flow with PKCE.</summary>
public sealed record OpenIdOptions
{
    /// <summary>The issuer's address.</summary>
    public required string Authority { get; init; }

    /// <summary>This application's name there.</summary>
    public required string ClientId { get; init; }

    /// <summary>This application's secret there; empty for a public client.</summary>
    public string ClientSecret { get; init; } = "";

    /// <summary>The claim that says what a person may.</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>A value of that claim that makes an operator.</summary>
    public string OperatorRole { get; init; } = "etr-operator";

    /// <summary>A value of that claim that makes a viewer; empty where everyone who can sign in is one.</summary>
    public string ViewerRole { get; init; } = "";
}
