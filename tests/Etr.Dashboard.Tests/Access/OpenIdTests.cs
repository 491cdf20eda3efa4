using System.Net;
using System.Text.Json;
using Etr.Dashboard.Access;
using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.Access;

public sealed class OpenIdTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("etr-operator", "operator")]
    [InlineData("etr-viewer", "viewer")]
    [InlineData("someone-else", null)]
    public async Task Who_signs_in_with_the_provider_is_what_their_claim_says(string claim, string? role)
    {
        await using IdentityProvider provider = await IdentityProvider.StartAsync();
        provider.Roles = ["staff", claim];
        string file = Path.Combine(Directory.CreateTempSubdirectory("etr-audit-").FullName, "audit.jsonl");
        await using var host = await DashboardHost.StartAsync(access: new AccessOptions
        {
            AuditFile = file,
            OpenId = new OpenIdOptions { Authority = provider.Address, ClientId = "etr", ViewerRole = "etr-viewer" },
        });
        using var browser = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(host.Address) };
        Assert.Contains("Sign in with 127.0.0.1", await browser.GetStringAsync("/sign-in", Cancellation), StringComparison.Ordinal);

        HttpResponseMessage away = await browser.GetAsync("/sign-in/openid?to=/metrics", Cancellation);
        Assert.StartsWith(provider.Address + "/authorize", away.Headers.Location!.OriginalString, StringComparison.Ordinal);
        Assert.Contains("redirect_uri=" + Uri.EscapeDataString(host.Address + "/sign-in/openid/back"), away.Headers.Location.Query, StringComparison.Ordinal);
        Assert.Contains("code_challenge_method=S256", away.Headers.Location.Query, StringComparison.Ordinal);
        using JsonDocument answer = JsonDocument.Parse(await browser.GetStringAsync(away.Headers.Location, Cancellation));
        string Part(string name) => Uri.EscapeDataString(answer.RootElement.GetProperty(name).GetString()!);
        HttpResponseMessage back = await browser.GetAsync($"{answer.RootElement.GetProperty("to").GetString()}?code={Part("code")}&state={Part("state")}", Cancellation);

        HttpResponseMessage figures = await browser.GetAsync("/metrics", Cancellation);
        if (role is null)
        {
            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized), (back.StatusCode, figures.StatusCode));
            return;
        }

        Assert.Equal((HttpStatusCode.Redirect, "/metrics"), (back.StatusCode, back.Headers.Location!.OriginalString));
        Assert.Equal(HttpStatusCode.OK, figures.StatusCode);
        Assert.Contains($"\"role\":\"{role}\",\"action\":\"sign-in\"", await File.ReadAllTextAsync(file, Cancellation), StringComparison.Ordinal);
    }
}
