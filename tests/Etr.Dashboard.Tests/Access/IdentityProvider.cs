using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Etr.Dashboard.Tests.Access;

/// <summary>A provider of identities that lets everyone in at once, as one person with roles: discovery, keys, code and token.</summary>
internal sealed class IdentityProvider : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RSA _key = RSA.Create(2048);
    private string _nonce = "";
    private string _challenge = "";

    private IdentityProvider(WebApplication app) => _app = app;

    public string Address => _app.Urls.First();

    /// <summary>The roles of who signs in.</summary>
    public string[] Roles { get; set; } = [];

    public static async Task<IdentityProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        var provider = new IdentityProvider(app);
        app.MapGet("/.well-known/openid-configuration", () => Results.Json(new
        {
            issuer = provider.Address,
            authorization_endpoint = provider.Address + "/authorize",
            token_endpoint = provider.Address + "/token",
            jwks_uri = provider.Address + "/keys",
            response_types_supported = (string[])["code"],
            subject_types_supported = (string[])["public"],
            id_token_signing_alg_values_supported = (string[])["RS256"],
        }));
        app.MapGet("/keys", () => Results.Json(new { keys = (object[])[provider.PublicKey()] }));
        app.MapGet("/authorize", (Delegate)provider.Authorize);
        app.MapPost("/token", (Delegate)provider.TokenAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return provider;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
    }

    // A real one would show a page and lead back; here the fields are handed to the test.
    private IResult Authorize(HttpContext context)
    {
        IQueryCollection query = context.Request.Query;
        (_nonce, _challenge) = (query["nonce"].ToString(), query["code_challenge"].ToString());
        return Results.Json(new { to = query["redirect_uri"].ToString(), code = "the code", state = query["state"].ToString() });
    }

    private async Task<IResult> TokenAsync(HttpContext context)
    {
        IFormCollection form = await context.Request.ReadFormAsync();
        string proof = Base64UrlEncoder.Encode(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        if (proof != _challenge || form["code"] != "the code")
            return Results.BadRequest();
        string token = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Address,
            Audience = form["client_id"].ToString(),
            Subject = new ClaimsIdentity([new Claim("sub", "42"), new Claim("name", "Ada <b>Lovelace</b>"), new Claim("nonce", _nonce), .. Roles.Select(role => new Claim("roles", role))]),
            SigningCredentials = new SigningCredentials(new RsaSecurityKey(_key) { KeyId = "one" }, SecurityAlgorithms.RsaSha256),
        });
        return Results.Json(new { id_token = token, access_token = "none", token_type = "Bearer" });
    }

    private object PublicKey()
    {
        RSAParameters parameters = _key.ExportParameters(includePrivateParameters: false);
        return new { kty = "RSA", use = "sig", kid = "one", alg = "RS256", n = Base64UrlEncoder.Encode(parameters.Modulus), e = Base64UrlEncoder.Encode(parameters.Exponent) };
    }
}
