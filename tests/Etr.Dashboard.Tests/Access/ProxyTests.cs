using System.Net;
using System.Net.Http.Headers;
using Etr.Dashboard.Access;
using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.Access;

public sealed class ProxyTests
{
    private static readonly AccessOptions Behind = new() { OperatorKey = "correct-horse-battery", Proxies = Proxies.Read("127.0.0.1") };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stranger_behind_the_proxy_locks_out_nobody_else()
    {
        await using var host = await DashboardHost.StartAsync(access: Behind);
        for (int i = 0; i <= FailedSignIns.PerMinute; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(host, "203.0.113.9", "a guess of a stranger")).StatusCode);

        Assert.Equal(HttpStatusCode.OK, (await AskAsync(host, "203.0.113.10", Behind.OperatorKey)).StatusCode);
        // Or the limit would limit nothing: who tries on would find the right key all the same.
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(host, "203.0.113.9", Behind.OperatorKey)).StatusCode);
    }

    [Fact]
    public async Task Who_is_no_proxy_says_nothing_of_where_they_come_from()
    {
        await using var host = await DashboardHost.StartAsync(access: Behind with { Proxies = Proxies.Read("10.0.0.0/24,2001:db8::1") });
        for (int i = 0; i <= FailedSignIns.PerMinute; i++)
            await AskAsync(host, $"203.0.113.{i}", "a guess of a stranger");

        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync(host, "203.0.113.200", Behind.OperatorKey)).StatusCode);
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("10.0.0.1", false)]
    public async Task Behind_a_proxy_that_serves_https_cookies_are_secure(string proxies, bool secure)
    {
        await using var host = await DashboardHost.StartAsync(access: Behind with { Proxies = Proxies.Read(proxies) });
        using HttpClient browser = Browser(host, "203.0.113.10");
        HttpResponseMessage form = await browser.GetAsync("/sign-in", Cancellation);
        HttpResponseMessage signedIn = await browser.GetAsync($"/?secret={Behind.OperatorKey}", Cancellation);
        Assert.All(
            [.. form.Headers.GetValues("Set-Cookie"), .. signedIn.Headers.GetValues("Set-Cookie")],
            cookie => Assert.Equal(secure, cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public async Task A_provider_sends_people_back_to_the_proxy_by_https()
    {
        await using IdentityProvider provider = await IdentityProvider.StartAsync();
        await using var host = await DashboardHost.StartAsync(access: Behind with { OpenId = new OpenIdOptions { Authority = provider.Address, ClientId = "etr" } });
        using HttpClient browser = Browser(host, "203.0.113.10");
        HttpResponseMessage away = await browser.GetAsync("/sign-in/openid", Cancellation);
        Assert.Contains("redirect_uri=https%3A%2F%2F", away.Headers.Location!.Query, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody")]
    [InlineData("0.0.0.0/0")]
    [InlineData("::/0")]
    [InlineData("10.0.0.0/99")]
    public void A_list_that_names_no_proxy_or_everyone_is_refused(string text) => Assert.Throws<ArgumentException>(() => Proxies.Read(text));

    private static async Task<HttpResponseMessage> AskAsync(DashboardHost host, string from, string key)
    {
        using HttpClient program = Browser(host, from);
        program.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return await program.GetAsync("/metrics", Cancellation);
    }

    private static HttpClient Browser(DashboardHost host, string from)
    {
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(host.Address) };
        client.DefaultRequestHeaders.Add("X-Forwarded-For", from);
        client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        return client;
    }
}
