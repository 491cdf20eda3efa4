using Etr.Silo.Hosting;
using Microsoft.AspNetCore.Http;

namespace Etr.Silo.Tests.Hosting;

public sealed class SecretGateTests
{
    private const string Secret = "a-secret-of-some-length";

    [Fact]
    public async Task Nobody_gets_in_without_the_secret() => Assert.Equal(401, (await KnockAsync(_ => { })).Status);

    [Fact]
    public async Task A_wrong_secret_is_no_secret() =>
        Assert.Equal(401, (await KnockAsync(context => context.Request.Headers.Authorization = "Bearer another")).Status);

    [Fact]
    public async Task A_bearer_token_gets_in() =>
        Assert.Equal(200, (await KnockAsync(context => context.Request.Headers.Authorization = $"Bearer {Secret}")).Status);

    [Fact]
    public async Task The_secret_in_the_address_is_traded_for_a_cookie_that_gets_in()
    {
        (int status, string cookie) = await KnockAsync(context => context.Request.QueryString = new QueryString($"?secret={Secret}"));

        Assert.Equal(302, status);
        Assert.DoesNotContain(Secret, cookie, StringComparison.Ordinal);
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(200, (await KnockAsync(context => context.Request.Headers.Cookie = cookie.Split(';')[0])).Status);
    }

    [Fact]
    public async Task Whether_it_lives_may_be_asked_by_anyone() =>
        Assert.Equal(200, (await KnockAsync(context => context.Request.Path = "/healthz")).Status);

    private static async Task<(int Status, string Cookie)> KnockAsync(Action<HttpContext> how)
    {
        var context = new DefaultHttpContext();
        how(context);
        await new SecretGate(_ => Task.CompletedTask, Secret).InvokeAsync(context);
        return (context.Response.StatusCode, context.Response.Headers.SetCookie.ToString());
    }
}
