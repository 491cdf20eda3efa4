using System.ComponentModel.DataAnnotations;

namespace Etr.Silo.Configuration;

/// <summary><c>Etr:Dashboard:OpenId</c>: who may sign in with a provider of identities, by authorisation code flow with PKCE.</summary>
public sealed record OpenIdSettings
{
    /// <summary>The issuer's address, such as <c>https://login.example.org/realms/lab</c>; empty for none. The default value is empty.</summary>
    [RegularExpression("^(https?://.{1,1024})?$")]
    public string Authority { get; init; } = "";

    /// <summary>This program's client id there. The default value is <c>etr</c>.</summary>
    [RegularExpression("^.{1,256}$")]
    public string ClientId { get; init; } = "etr";

    /// <summary>This program's client secret there; empty for a public client. The default value is empty.</summary>
    public string ClientSecret { get; init; } = "";

    /// <summary>The claim that says what a person may. The default value is <c>roles</c>.</summary>
    [RegularExpression("^.{1,256}$")]
    public string RoleClaim { get; init; } = "roles";

    /// <summary>A value of that claim that makes an operator. The default value is <c>etr-operator</c>.</summary>
    [RegularExpression("^.{1,256}$")]
    public string OperatorRole { get; init; } = "etr-operator";

    /// <summary>A value of that claim that makes a viewer; empty where everyone who can sign in is one. The default value is empty.</summary>
    [RegularExpression("^.{0,256}$")]
    public string ViewerRole { get; init; } = "";
}
